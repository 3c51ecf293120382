/** Plays the suites through the loaded programs, in order: connections carry over from one packet to the next. */
import { BpfObject } from 'libbpf-ts';
import { addressValue } from '../bpf/encode.ts';
import { DataPlane, OBJECT, type Outcome, VERDICTS } from '../bpf/fixture.ts';
import { ETHERTYPE } from '../support/packet-layers.ts';
import { ipOffset, type ParsedIp, parseFrame } from '../support/packet-parse.ts';
import { OPTIONS, vipKey, vipsOf, worldOf } from './configure.ts';
import { isDesignated } from './designated.ts';
import type { Case, Config, Fixtures, Suite, Vip } from './fixtures.ts';
import { type Difference, hold, serverOf } from './hold.ts';

export interface Finding extends Difference {
  readonly suite: string;
  readonly n: number;
  readonly description: string;
}

/** Katran's. */
const GUE_PORT = 9886;
const UDP_LENGTH = 8;
export const DECAP_OBJECT = OBJECT.replace('xlb.bpf.o', 'decap.bpf.o');

/** Played on the state that its first half has left, after the servers that were used there are gone. */
const SECOND_HALF = 'udpFlowMigrationTestSecondFixtures';

export function replay(fixtures: Fixtures): Finding[] {
  using plane = DataPlane.load();
  let chosen: ReadonlyMap<string, string> = new Map();
  return Object.entries(fixtures.suites).flatMap(([name, suite]) => {
    if (suite.config === 'decap') return replayDecap(name, suite);
    const vips = vipsOf(fixtures, known(fixtures, suite.config));
    const gone = name === SECOND_HALF ? migrating(vips, chosen) : new Map<string, string>();
    const world = worldOf(vips, gatewayOf(fixtures), gone);
    if (name === SECOND_HALF) plane.configure(world);
    else plane.reset(world);
    plane.set({ options: OPTIONS });
    const played = new PlayedSuite(name, vips, gone);
    const findings = suite.cases.flatMap((each) => played.judge(each, plane.run(frameOf(each))));
    chosen = played.chosen;
    return findings;
  });
}

/** One suite's memory: where each flow went, here and with Katran. */
class PlayedSuite {
  /** By VIP: the server of its last packet. */
  readonly chosen = new Map<string, string>();
  readonly #name: string;
  readonly #vips: readonly Vip[];
  readonly #gone: ReadonlyMap<string, string>;
  readonly #flows = new Map<string, { here: string; there: string }>();

  constructor(name: string, vips: readonly Vip[], gone: ReadonlyMap<string, string>) {
    this.#name = name;
    this.#vips = vips;
    this.#gone = gone;
  }

  judge(fixture: Case, outcome: Outcome): Finding[] {
    const { ip } = parseFrame(frameOf(fixture));
    const vip = ip === null ? undefined : vipOf(this.#vips, ip);
    const gone = vip === undefined ? undefined : this.#gone.get(vipKey(vip));
    const choice = { reals: vip?.reals ?? [], gone, designated: isDesignated(this.#name, fixture.n) };
    const differences = hold(fixture, outcome, choice);
    const moved = ip === null ? [] : this.#affinity(fixture, outcome, ip, vip);
    const { n, description } = fixture;
    return [...differences, ...moved].map((difference) => ({ suite: this.#name, n, description, ...difference }));
  }

  /** A flow that Katran keeps at one real stays at one server. */
  #affinity(fixture: Case, outcome: Outcome, ip: ParsedIp, vip: Vip | undefined): Difference[] {
    const here = serverOf(outcome);
    const there = fixture.portable.outer_dst;
    if (here === null || there === undefined || ip.transport === null) return [];
    if (vip !== undefined) this.chosen.set(vipKey(vip), here);
    const flow = `${ip.protocol} ${ip.src} ${ip.transport.sport} ${ip.dst} ${ip.transport.dport}`;
    const before = this.#flows.get(flow);
    this.#flows.set(flow, { here, there });
    const stays = before === undefined || before.there !== there || before.here === here;
    return stays ? [] : [{ aspect: 'affinity', expected: before.here, got: here }];
  }
}

/** As both look it up: the exact port goes before every port. */
function vipOf(vips: readonly Vip[], ip: ParsedIp): Vip | undefined {
  const found = vips.filter((vip) => isFor(vip, ip));
  return found.find(({ port }) => port !== 0) ?? found[0];
}

function isFor({ address, port, proto }: Vip, ip: ParsedIp): boolean {
  const protocol = proto === 'tcp' ? 6 : 17;
  const dport = ip.transport?.dport;
  // An ICMP error is for the VIP whose answer it quotes.
  if (ip.icmp !== null) return ip.dst === address;
  return address === ip.dst && protocol === ip.protocol && (port === 0 || port === dport);
}

function migrating(vips: readonly Vip[], chosen: ReadonlyMap<string, string>): Map<string, string> {
  const flagged = vips.filter(({ flags }) => flags.includes('UDP_FLOW_MIGRATION')).map(vipKey);
  return new Map([...chosen].filter(([key]) => flagged.includes(key)));
}

/** Suites of programs that know no VIPs are played with those of `base`. */
function known(fixtures: Fixtures, name: string): string {
  const config = fixtures.configs[name] as Config;
  return config.vips === undefined && config.extends === undefined ? 'base' : name;
}

/** What Katran's program for reals gets, by the one that we have for real servers. */
function replayDecap(name: string, { cases }: Suite): Finding[] {
  using object = BpfObject.open(DECAP_OBJECT);
  object.load();
  object.map('decap_options').set(0, { gue_port: GUE_PORT });
  for (const each of cases) acceptInside(object, frameOf(each));
  return cases.flatMap((fixture) => {
    const { retval, dataOut } = object.program('xlb_decap').testRun({ dataIn: frameOf(fixture) });
    const outcome = { verdict: VERDICTS[retval] ?? 'aborted', frame: dataOut } as const;
    const { n, description } = fixture;
    return hold(fixture, outcome, { reals: [], designated: false }).map((difference) => ({
      ...{ suite: name, n, description },
      ...difference,
    }));
  });
}

/** Katran strips whatever comes; ours only what is for a VIP of the real server. */
function acceptInside(object: BpfObject, frame: Buffer): void {
  const inner = insideOf(frame);
  if (inner) object.map('decap_vips').set(addressValue(inner.dst), inner.family);
}

function insideOf(frame: Buffer): ParsedIp | null {
  const { ip } = parseFrame(frame);
  if (ip?.transport?.dport !== GUE_PORT) return ip?.inner ?? null;
  const inside = frame.subarray(ipOffset(frame) + ip.headerLength + UDP_LENGTH);
  const etherType = inside.readUInt8(0) >> 4 === 6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4;
  return parseFrame(Buffer.concat([Buffer.alloc(12), Buffer.from([etherType >> 8, etherType & 0xff]), inside])).ip;
}

function frameOf({ input_b64 }: Case): Buffer {
  return Buffer.from(input_b64, 'base64');
}

function gatewayOf({ configs }: Fixtures): string {
  const mac = configs['base']?.default_gateway_mac;
  if (mac === undefined) throw new Error('configuration "base" has no default_gateway_mac');
  return mac;
}
