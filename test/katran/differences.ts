/** What xlb does in another way than Katran, on purpose, packet by packet. Whatever is not here is a failure, and so is a row that has become untrue. */
import type { Aspect } from './hold.ts';

export interface Declared {
  readonly aspect: Aspect;
  readonly expected?: string;
  readonly got?: string;
  /** By suite, numbers of cases. */
  readonly cases: Readonly<Record<string, string>>;
  readonly why: string;
}

/** Suites that Katran was built with GUE for, and the packets that both forward. */
const BY_GUE = {
  gueTestFixtures: '1-5 8 16-18 22-34',
  GUEDecapTestFixtures: '3',
  lpmSrcLookupTestFixtures: '1-8',
  tprGueTestFixtures: '1-17',
  udpFlowMigrationTestFirstFixtures: '1-4',
  udpFlowMigrationTestSecondFixtures: '1-4',
  udpStableRtFixtures: '1-5',
};

export const DIFFERENCES: readonly Declared[] = [
  {
    aspect: 'ttl',
    expected: 'as it came',
    got: '-1',
    cases: { testFixtures: '1-7 10 18-20 24-32 34-36', tprTestFixtures: '1-17', ...BY_GUE },
    why: 'the director is a hop, as in IPVS: a loop between directors ends',
  },
  {
    aspect: 'encapsulation',
    expected: 'gue',
    got: 'ipip',
    cases: BY_GUE,
    why: 'Katran has variant 1 of GUE, without a header of its own, and IPVS variant 0: the same service is played with IPIP, and the rest of the assertion is held',
  },
  {
    aspect: 'action',
    expected: 'tx',
    got: 'pass',
    cases: { testFixtures: '8-9', gueTestFixtures: '6-7' },
    why: 'the kernel answers an ICMP echo: the VIP is its address, too',
  },
  {
    aspect: 'action',
    expected: 'tx',
    got: 'pass',
    cases: { testFixtures: '11', gueTestFixtures: '9' },
    why: 'an ICMP error is believed only with a right checksum, and this one has a wrong one: the kernel gets it',
  },
  {
    aspect: 'action',
    expected: 'drop',
    got: 'tx',
    cases: { testFixtures: '12', gueTestFixtures: '10' },
    why: 'IPv4 with options is forwarded, as in IPVS',
  },
  {
    aspect: 'action',
    expected: 'drop',
    got: 'pass',
    cases: { testFixtures: '13-14', gueTestFixtures: '11-12' },
    why: 'a fragment follows its first one; where that is unknown, the kernel gets it (pass_fragment)',
  },
  {
    aspect: 'action',
    expected: 'drop',
    got: 'tx',
    cases: { gueTestFixtures: '35-36' },
    why: 'the client of a service without real servers is told at once: port unreachable, as in IPVS',
  },
  {
    aspect: 'server',
    cases: { testFixtures: '26-27 29-32 34-35', gueTestFixtures: '24-25 27-30 33-34' },
    why: 'no routing by the server id in QUIC connection ids: the flow stays where its connection is',
  },
  {
    aspect: 'server',
    cases: { tprTestFixtures: '3-5 11 13', tprGueTestFixtures: '3-5 11 13' },
    why: 'no routing by the server id in a TCP option: the connection table knows (elsewhere both agree by chance)',
  },
  {
    aspect: 'server',
    cases: { udpStableRtFixtures: '2-4' },
    why: 'no routing by the server id in a UDP payload',
  },
  {
    aspect: 'server',
    cases: { lpmSrcLookupTestFixtures: '1-3 5-6 8' },
    why: 'no real server by prefixes of sources: IPVS has no such rule',
  },
  {
    aspect: 'action',
    expected: 'tx',
    got: 'pass',
    cases: { cidrVipTestFixtures: '1-4 6-7' },
    why: 'a VIP is one address, as in ipvsadm, never a prefix',
  },
  {
    aspect: 'action',
    expected: 'tx',
    got: 'drop',
    cases: { icmpTooBigTestFixtures: '1', originGueIcmpTooBigTestFixtures: '1' },
    why: 'without DF nobody is told that a packet is too big (RFC 792): it is dropped and counted (drop_too_big_no_df)',
  },
  {
    aspect: 'packet',
    cases: { GUEDecapTestFixtures: '1-2', xPopDecapTestFixtures: '6' },
    why: 'the director strips no tunnels: decap.bpf.o does, on real servers',
  },
  {
    aspect: 'action',
    got: 'pass',
    cases: { egressDecapTestFixtures: '1-3', xPopDecapTestFixtures: '1-5' },
    why: 'the director strips no tunnels: nothing is sent on from one to the next',
  },
  {
    aspect: 'action',
    got: 'tx',
    cases: { hcTestFixtures: '1-4', hcGueTestFixtures: '1-4' },
    why: "Katran's program for health checks steers packets that leave (tc) by a mark; here they come in, for VIPs",
  },
  {
    aspect: 'action',
    expected: 'drop',
    got: 'pass',
    cases: { decap_xdpDecap_ipip: '3-4', decap_xdpDecap_gue: '4-5' },
    why: "a real server's kernel gets fragments: it can put them together",
  },
  {
    aspect: 'packet',
    got: 'as it came',
    cases: { decap_tcSrcMatch: '1' },
    why: 'no program rewrites the source of what is inside GUE',
  },
];
