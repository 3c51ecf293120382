/** One packet's outcome against Katran's portable assertion: what differs, aspect by aspect. */
import type { Outcome } from '../bpf/fixture.ts';
import { ipOffset, type ParsedFrame, type ParsedIp, parseFrame } from '../support/packet-parse.ts';
import type { Case, Portable } from './fixtures.ts';

/** Once the action differs there is no packet to compare; once the kind of tunnel differs, its inside is still held. */
export type Aspect =
  | 'action'
  | 'packet'
  | 'encapsulation'
  | 'server'
  | 'affinity'
  | 'tos'
  | 'mac'
  | 'ttl'
  | 'inner'
  | 'icmp';

export interface Difference {
  readonly aspect: Aspect;
  readonly expected: string;
  readonly got: string;
}

/** Which servers are right answers: Katran's choice among a VIP's reals is its hash's. */
export interface Choice {
  readonly reals: readonly string[];
  /** A real that was deleted: wrong from then on. */
  readonly gone?: string | undefined;
  /** A choice that is no hash's: by a server id in the packet, by its source. */
  readonly designated: boolean;
}

const ACTIONS: Readonly<Record<string, string>> = {
  XDP_PASS: 'pass',
  XDP_DROP: 'drop',
  XDP_TX: 'tx',
  TC_ACT_UNSPEC: 'pass',
  TC_ACT_PIPE: 'pass',
  TC_ACT_REDIRECT: 'redirect',
};
const TUNNELS: Readonly<Record<number, string>> = { 4: 'ipip', 41: 'ipip', 17: 'gue' };

export function hold(fixture: Case, outcome: Outcome, choice: Choice): Difference[] {
  const { portable } = fixture;
  const action = ACTIONS[portable.action] ?? portable.action;
  if (outcome.verdict !== action) return [{ aspect: 'action', expected: action, got: outcome.verdict }];
  if (action === 'drop') return [];
  if (portable.kind.endsWith('_encap')) return holdTunnel(fixture, outcome.frame, choice);
  if (portable.icmp !== undefined) return holdIcmp(portable, outcome.frame);
  return holdBytes(fixture, outcome.frame);
}

/** Where a forwarded packet went; null where it is in no tunnel. */
export function serverOf(outcome: Outcome): string | null {
  if (outcome.verdict !== 'tx') return null;
  const { ip } = parseFrame(outcome.frame);
  return ip?.inner ? ip.dst : null;
}

function holdTunnel({ portable, input_b64 }: Case, frame: Buffer, choice: Choice): Difference[] {
  const out = parseFrame(frame);
  if (out.ip === null) return [{ aspect: 'encapsulation', expected: portable.kind, got: 'no IP' }];
  const { outer_dst = '', outer_tos = 0, eth_dst = '' } = portable;
  const exact = choice.designated || !choice.reals.includes(outer_dst);
  const tunnel = TUNNELS[out.ip.protocol] ?? `protocol ${out.ip.protocol}`;
  return [
    ...differ('encapsulation', portable.kind.replace('_encap', ''), tunnel),
    ...(exact ? differ('server', outer_dst, out.ip.dst) : oneOf(choice, out.ip.dst)),
    ...differ('tos', String(outer_tos), String(out.ip.tos)),
    ...differ('mac', eth_dst, out.dst),
    ...holdInner(Buffer.from(input_b64, 'base64'), frame, out.ip),
  ];
}

/** The inside has to be the packet that came; a TTL that is one less is told apart. */
function holdInner(input: Buffer, frame: Buffer, outer: ParsedIp): Difference[] {
  const { inner } = outer;
  const came = parseFrame(input).ip as ParsedIp;
  if (inner === null || !inner.checksumOk) return [{ aspect: 'inner', expected: 'what came', got: 'unreadable' }];
  const before = l3(input, came.length);
  const after = Buffer.from(frame.subarray(ipOffset(frame) + outer.headerLength)).subarray(0, inner.length);
  if (inner.ttl === came.ttl - 1) copyTtl(before, after, came.family);
  return [
    ...differ('inner', before.toString('hex'), after.toString('hex')),
    ...differ('ttl', 'as it came', inner.ttl === came.ttl ? 'as it came' : `${inner.ttl - came.ttl}`),
  ];
}

/** With it, in IPv4, goes the header's checksum, which is right on both sides. */
function copyTtl(from: Buffer, to: Buffer, family: 4 | 6): void {
  if (family === 6) from.copy(to, 7, 7, 8);
  else {
    from.copy(to, 8, 8, 9);
    from.copy(to, 10, 10, 12);
  }
}

function holdIcmp({ icmp, src, dst }: Portable, frame: Buffer): Difference[] {
  const { ip }: ParsedFrame = parseFrame(frame);
  const found = `${ip?.icmp?.type}/${ip?.icmp?.code} ${ip?.src} > ${ip?.dst}`;
  return differ('icmp', `${icmp?.join('/')} ${src} > ${dst}`, ip?.icmp?.checksumOk ? found : `${found}, bad checksum`);
}

function holdBytes({ input_b64, expected_b64 }: Case, frame: Buffer): Difference[] {
  if (frame.equals(Buffer.from(expected_b64, 'base64'))) return [];
  const unchanged = frame.equals(Buffer.from(input_b64, 'base64'));
  return [{ aspect: 'packet', expected: "Katran's", got: unchanged ? 'as it came' : 'another' }];
}

function l3(frame: Buffer, length: number): Buffer {
  const at = ipOffset(frame);
  return frame.subarray(at, at + length);
}

function oneOf(choice: Choice, found: string): Difference[] {
  const reals = choice.reals.filter((real) => real !== choice.gone);
  return reals.includes(found) ? [] : [{ aspect: 'server', expected: `one of ${reals.join(', ')}`, got: found }];
}

function differ(aspect: Aspect, expected: string, got: string): Difference[] {
  return expected === got ? [] : [{ aspect, expected, got }];
}
