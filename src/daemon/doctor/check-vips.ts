/** Who holds each virtual address: this director, another one, two, or nobody. */
import type { VrrpBody } from '../../api/controller.ts';
import type { DoctorCheck } from '../../api/protocol/doctor.ts';
import { addressFamily } from '../../core/model/address.ts';
import { heardLately } from './check-vrrp.ts';
import type { DoctorFacts, OtherHolder, VipFacts } from './facts.ts';

type Instance = VrrpBody['instances'][number];
type Verdict = Omit<DoctorCheck, 'subject'>;

export function checkVips({ vips, instances, now }: DoctorFacts): DoctorCheck[] {
  return vips.map((vip) => {
    const instance = instances.find(({ name }) => name === vip.instance);
    return { ...judge(vip, instance, now), subject: vip.address };
  });
}

function judge(vip: VipFacts, instance: Instance | undefined, now: number): Verdict {
  const server = vip.others?.find(({ isRealServer }) => isRealServer);
  if (server !== undefined) return realServerAnswers(vip, server);
  const others = vip.others ?? [];
  const holders = others.length + (vip.heldOn.length > 0 ? 1 : 0);
  if (holders > 1) return twoHolders(vip, others, instance, now);
  if (instance !== undefined) return ofInstance(vip, others, instance);
  return ofNobody(vip, others);
}

function realServerAnswers({ address }: VipFacts, server: OtherHolder): Verdict {
  const keys = ['arp_ignore=1', 'arp_announce=2'].map((word) => `net.ipv4.conf.all.${word}`);
  const cure = addressFamily(address) === 4 ? `sysctl -w ${keys.join(' ')}` : `ip addr add ${address}/128 dev lo`;
  const text = `the real server ${name(server)} answers for it: clients go past this director`;
  return { id: 'vip-real-server', state: 'fail', text, next: `on ${server.address ?? 'it'}: ${cure}` };
}

function twoHolders(
  { heldOn, device }: VipFacts,
  others: readonly OtherHolder[],
  instance: Instance | undefined,
  now: number,
): Verdict {
  const all = [...heldOn.map((link) => `this director (${link})`), ...others.map(name)];
  const text = `${all.length} hold it: ${all.join(' and ')}${cause(heldOn, instance, now)}`;
  return { id: 'vip-two-holders', state: 'fail', text, next: `tcpdump -eni ${device} 'proto 112 or arp or icmp6'` };
}

function cause(heldOn: readonly string[], instance: Instance | undefined, now: number): string {
  if (instance === undefined) return '; no VRRP instance here decides between them';
  const { name: of, state, vrid } = instance;
  if (state !== 'MASTER') return heldOn.length > 0 ? `, although ${of} is ${state} here` : '';
  if (heardLately(instance, now).length > 0) return `; both are MASTER of ${of}, and advertisements arrive: xlb vrrp`;
  return `; ${of} is MASTER here and hears no advertisement of the other: VRRP (IP protocol 112, VRID ${vrid}) is cut`;
}

function ofInstance(vip: VipFacts, [other]: readonly OtherHolder[], { name: of, state }: Instance): Verdict {
  const { heldOn, unasked } = vip;
  const held = heldOn.join(', ');
  const link = `ip addr show to ${vip.address}`;
  if (state === 'MASTER' && held === '') {
    const where = other === undefined ? 'nowhere' : `by ${name(other)}`;
    return { id: 'vip-missing', state: 'fail', text: `${of} is MASTER, but it is held ${where}`, next: link };
  }
  if (state === 'MASTER') {
    const others = unasked === null ? 'nobody else answers for it' : `others were not asked: ${unasked}`;
    return { id: 'vip', state: 'ok', text: `held here on ${held} (${of} is MASTER); ${others}`, next: null };
  }
  if (held !== '') {
    const text = `held here on ${held}, although ${of} is ${state}`;
    return { id: 'vip-left', state: 'fail', text, next: `ip addr del ${vip.address} dev ${heldOn[0]}` };
  }
  if (other !== undefined) {
    return { id: 'vip', state: 'ok', text: `held by ${name(other)}; ${of} is ${state} here`, next: null };
  }
  if (unasked !== null) return { id: 'vip', state: 'skip', text: `nobody was asked for it: ${unasked}`, next: null };
  const text = `nobody answers for it (${of} is ${state} here)`;
  return { id: 'vip-unheld', state: 'fail', text, next: 'xlb vrrp' };
}

/** Of an address that virtual services name and no instance moves. */
function ofNobody({ address, heldOn, device, unasked }: VipFacts, [other]: readonly OtherHolder[]): Verdict {
  if (heldOn.length > 0) {
    const others = unasked === null ? 'nobody else answers for it' : `others were not asked: ${unasked}`;
    return { id: 'vip', state: 'ok', text: `held here on ${heldOn.join(', ')}; ${others}`, next: null };
  }
  if (other !== undefined) {
    const text = `held by ${name(other)}, and not here: packets come here only if a router sends them`;
    return { id: 'vip-elsewhere', state: 'warn', text, next: `ip neigh show to ${address}` };
  }
  if (unasked !== null) {
    return { id: 'vip', state: 'skip', text: `not held here, and nobody was asked: ${unasked}`, next: null };
  }
  const text = `nobody answers for it on the network of ${device}: clients there do not find it`;
  const length = addressFamily(address) === 4 ? 32 : 128;
  return { id: 'vip-unheld', state: 'warn', text, next: `ip addr add ${address}/${length} dev ${device}` };
}

/** `10.0.0.2 (02:00:00:00:00:02)` */
function name({ mac, address }: OtherHolder): string {
  return address === null ? `MAC ${mac}` : `${address} (MAC ${mac})`;
}
