/** Settings of the kernel that NAT and virtual MAC addresses depend on. */
import type { DoctorCheck } from '../../api/protocol/doctor.ts';
import type { DoctorFacts } from './facts.ts';

/** `rp_filter`: only packets that the answer would leave the same way are taken (RFC 3704 2.2). */
const STRICT = '1';

export function checkKernel(facts: DoctorFacts): DoctorCheck[] {
  const found = [...forwarding(facts), ...reversePath(facts), ...virtualMacs(facts)];
  if (found.length > 0) return found;
  return [{ id: 'kernel-settings', state: 'ok', subject: 'kernel', text: 'its settings fit', next: null }];
}

/** XDP answers clients without it, by the way that their last packet came. */
function forwarding(facts: DoctorFacts): DoctorCheck[] {
  const families = natFamilies(facts);
  const settings = { 4: 'net/ipv4/ip_forward', 6: 'net/ipv6/conf/all/forwarding' } as const;
  return families
    .filter((family) => facts.sysctl(settings[family]) === '0')
    .map((family) => ({
      id: 'no-forwarding',
      state: 'warn',
      subject: nameOf(settings[family]),
      text: 'it is 0: answers of real servers by nat leave by the way that the client came, whatever the routes say, and what the data plane leaves to the kernel ends here',
      next: `sysctl -w ${nameOf(settings[family])}=1`,
    }));
}

function reversePath(facts: DoctorFacts): DoctorCheck[] {
  if (!natFamilies(facts).includes(4)) return [];
  return facts.interfaces
    .filter(({ state }) => effective(facts, state.name) === STRICT)
    .map(({ state }) => ({
      id: 'strict-rp-filter',
      state: 'warn',
      subject: state.name,
      text: 'its rp_filter is strict: of what the data plane leaves to the kernel, packets that would be answered by another interface are dropped',
      next: `sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.${state.name}.rp_filter=2`,
    }));
}

/** The macvlan of a BACKUP has no address: what comes to it has no way back, and the larger of the two settings holds. */
function virtualMacs(facts: DoctorFacts): DoctorCheck[] {
  if (facts.virtualMacs.length === 0 || facts.sysctl('net/ipv4/conf/all/rp_filter') !== STRICT) return [];
  return [
    {
      id: 'rp-filter-vmac',
      state: 'fail',
      subject: facts.virtualMacs.join(', '),
      text: 'net.ipv4.conf.all.rp_filter is 1: with use_vmac, a BACKUP hears no advertisement and becomes MASTER',
      next: 'sysctl -w net.ipv4.conf.all.rp_filter=0',
    },
  ];
}

function effective({ sysctl }: DoctorFacts, device: string): string {
  const values = ['all', device].map((name) => Number(sysctl(`net/ipv4/conf/${name}/rp_filter`) ?? 0));
  return String(Math.max(...values));
}

function natFamilies({ model }: DoctorFacts): (4 | 6)[] {
  const servers = [...model.services.values()].flatMap((service) => service.servers);
  const by = servers.filter(({ method }) => method === 'nat').map(({ key }) => (key.address.includes(':') ? 6 : 4));
  return [...new Set<4 | 6>(by)];
}

function nameOf(path: string): string {
  return path.replaceAll('/', '.');
}
