/** Checks of a vrrp_instance by itself. */
import { addressFamily } from '../../model/address.ts';
import { last } from '../keyword.ts';
import type { File, InstanceSettings } from '../keywords/root.ts';
import type { Report } from '../report.ts';
import { checkAuthentication } from './authentication.ts';
import { instanceFacts } from './instance-facts.ts';

export function checkInstance(instance: InstanceSettings, file: File, report: Report): void {
  checkRequired(instance, report);
  checkAddresses(instance, report);
  checkInterval(instance, file, report);
  checkState(instance, report);
  checkPriority(instance, report);
  checkPreemption(instance, report);
  checkAuthentication(instance, file, report);
  checkUnicast(instance, file, report);
}

/** What an instance cannot do without. */
function checkRequired({ keyword, words, value, block, wrong }: InstanceSettings, report: Report): void {
  const at = (words[0] ?? keyword).at;
  if (block.virtual_router_id === undefined && !wrong.has('virtual_router_id')) {
    report.error(at, `found no 'virtual_router_id' in vrrp_instance ${value}, expected a number from 1 to 255`);
  }
  const peers = block.unicast_peer?.some(({ entries }) => entries.length > 0) ?? false;
  if (block.interface === undefined && !wrong.has('interface') && !(peers && block.unicast_src_ip !== undefined)) {
    report.error(at, `found no 'interface' in vrrp_instance ${value}, expected the interface of its adverts`);
  }
  const hasVips = block.virtual_ipaddress !== undefined || block.virtual_ipaddress_excluded !== undefined;
  if (!hasVips && block.no_virtual_ipaddress === undefined) {
    report.warning(
      at,
      `found no 'virtual_ipaddress' in vrrp_instance ${value}, expected at least one: it decides who is MASTER of nothing`,
    );
  }
}

/** Adverts name addresses of one family. The first decides, as in keepalived. */
function checkAddresses({ block, value: name }: InstanceSettings, report: Report): void {
  const entries = (block.virtual_ipaddress ?? []).flatMap((list) => list.entries);
  const first = entries[0];
  if (first === undefined) return;
  const family = addressFamily(first.value.address);
  for (const { value, words } of entries) {
    if (addressFamily(value.address) === family) continue;
    report.error(
      words[0]!.at,
      `found an IPv${10 - family} address in vrrp_instance ${name}, expected IPv${family} like ${first.value.address}, the first one`,
      "put addresses of the other family into 'virtual_ipaddress_excluded', or into an instance of their own",
    );
  }
}

function checkInterval(instance: InstanceSettings, file: File, report: Report): void {
  const setting = last(instance.block.advert_int);
  if (setting === undefined) return;
  const { version } = instanceFacts(instance, file);
  const at = setting.words[0]!.at;
  if (version === 2 && !Number.isInteger(setting.value)) {
    const whole = Math.max(1, Math.round(setting.value));
    report.warning(
      at,
      `found ${setting.value} seconds, expected whole ones: VRRP version 2 has no others, so it is ${whole}`,
      "add 'version 3' for shorter intervals, on all directors",
    );
  }
  if (version === 3 && setting.value > 40.95) {
    report.error(at, `found ${setting.value} seconds, expected 40.95 at most: VRRP version 3 has no room for more`);
  }
}

function checkState({ block }: InstanceSettings, report: Report): void {
  const state = last(block.state);
  if (state?.value !== 'MASTER') return;
  const nopreempt = last(block.nopreempt);
  if (nopreempt !== undefined) {
    report.warning(
      nopreempt.keyword.at,
      "found 'nopreempt' beside 'state MASTER', expected 'state BACKUP': a first state of MASTER preempts, so nopreempt is left out",
    );
  }
  const type = last(last(block.authentication)?.block.auth_type);
  if (type?.value === 'AH') {
    report.warning(
      state.words[0]!.at,
      "found 'state MASTER' beside 'auth_type AH', expected 'state BACKUP', which is taken: the sequence numbers of others must be heard first",
    );
  }
}

/** keepalived takes a MASTER without a priority for the owner of the addresses. */
function checkPriority({ block, wrong }: InstanceSettings, report: Report): void {
  const state = last(block.state);
  if (state?.value !== 'MASTER' || block.priority !== undefined || wrong.has('priority')) return;
  report.warning(
    state.keyword.at,
    "found 'state MASTER' without 'priority', expected one: it is 255, that of an owner of the addresses",
  );
}

function checkPreemption({ block }: InstanceSettings, report: Report): void {
  const delay = last(block.preempt_delay);
  if (delay === undefined || delay.value === 0) return;
  if (last(block.state)?.value === 'MASTER') {
    report.warning(
      delay.keyword.at,
      "found 'preempt_delay' beside 'state MASTER', expected 'state BACKUP': a first state of MASTER preempts, so the delay is left out",
    );
    return;
  }
  if (block.nopreempt === undefined) return;
  report.warning(
    delay.keyword.at,
    "found 'preempt_delay' beside 'nopreempt', expected one of them: nothing is left to delay",
  );
}

function checkUnicast(instance: InstanceSettings, file: File, report: Report): void {
  const { block } = instance;
  const list = last(block.unicast_peer);
  const peers = list?.entries ?? [];
  if (list !== undefined && instanceFacts(instance, file).strict) {
    report.warning(
      list.keyword.at,
      "found 'unicast_peer' in strict mode, expected multicast: the RFC has nothing else. The peers are left out",
    );
  }
  const source = last(block.unicast_src_ip);
  if (source !== undefined && peers.length === 0) {
    report.warning(
      source.keyword.at,
      "found 'unicast_src_ip' without 'unicast_peer': adverts go to the multicast group, from this address",
      "list the peers, or write 'mcast_src_ip'",
    );
  }
  checkPeerFamilies(instance, report);
  checkVmac(instance, report);
}

/** keepalived: "unicast with use_vmac requires vmac_xmit_base - setting". */
function checkVmac({ block }: InstanceSettings, report: Report): void {
  const vmac = last(block.use_vmac);
  const peers = block.unicast_peer?.some(({ entries }) => entries.length > 0) ?? false;
  if (vmac === undefined || !peers || block.vmac_xmit_base !== undefined) return;
  report.warning(
    vmac.keyword.at,
    "found 'use_vmac' beside 'unicast_peer', expected 'vmac_xmit_base', which is taken: adverts leave by the interface below",
  );
}

function checkPeerFamilies({ block }: InstanceSettings, report: Report): void {
  const vip = block.virtual_ipaddress?.flatMap((list) => list.entries)[0]?.value.address;
  const source = last(block.unicast_src_ip)?.value;
  const peers = (block.unicast_peer ?? []).flatMap((list) => list.entries);
  const reference = vip ?? source;
  if (reference === undefined) return;
  const family = addressFamily(reference);
  for (const { value, words } of peers) {
    if (addressFamily(value.address) === family) continue;
    report.error(words[0]!.at, `found an IPv${10 - family} peer, expected IPv${family}, the family of ${reference}`);
  }
  const setting = last(block.unicast_src_ip) ?? last(block.mcast_src_ip);
  if (setting === undefined || addressFamily(setting.value) === family) return;
  report.error(
    setting.words[0]!.at,
    `found an IPv${10 - family} source, expected IPv${family}, the family of ${reference}`,
  );
}
