/**
 * Runs the real program and the model side by side on one random history and
 * stops at the first difference. Everything follows from the seed.
 */
import { isDeepStrictEqual } from 'node:util';
import { Option, type Template, type TemplateKey } from '../../../src/dataplane/types.gen.ts';
import { onesSum } from '../../support/packet-bytes.ts';
import { ends, frameDump, frameLine } from '../../support/packet-print.ts';
import { packEntry } from '../entry-word.ts';
import { DataPlane, type FixtureOptions, type Outcome } from '../fixture.ts';
import { HASH_KEY, OPTIONS } from '../settings.ts';
import { INGRESS, type World } from '../world.ts';
import { ModelDataPlane } from './data-plane.ts';
import { answerTo, keepsChecksums } from './invariants.ts';
import { PortSearches } from './port-searches.ts';
import { Random } from './random.ts';
import { PacketSource } from './random-packet.ts';
import { editWorld, randomWorld } from './random-world.ts';
import { readLimits } from './read-limits.ts';
import type { Result } from './sending.ts';

export interface History extends FixtureOptions {
  readonly seed: number;
  readonly packets: number;
  readonly buckets: number;
  /** Different connections: few for many hits, many for full buckets. */
  readonly flows: number;
}

export interface Run {
  /** How often each counter moved. */
  readonly totals: Record<string, number>;
  /** Requests by NAT that were answered at once, and came back as they had been sent. */
  readonly answered: number;
  /** What went from one family to the other. */
  readonly crossings: readonly string[];
}

/** Packets between two comparisons of the whole state. */
const STATE_EVERY = Number(process.env['FUZZ_STATE_EVERY'] ?? 251);
const KEPT_LINES = 16;
/** Where an ICMP error of IPv4 quotes, from its IP header on. */
const QUOTE = 28;

/** Throws with the seed, the last packets and what differs. */
export function runDifferential(history: History): Run {
  const plane = DataPlane.load(history);
  try {
    return new Differential(history, plane).run();
  } finally {
    plane.close();
  }
}

class Differential {
  readonly #history: History;
  readonly #plane: DataPlane;
  readonly #model: ModelDataPlane;
  readonly #random: Random;
  readonly #source: PacketSource;
  readonly #searches: PortSearches;
  /** Text, or a packet with the time it came at: only failures need it as text. */
  readonly #recent: (string | [index: number, now: number, frame: Buffer])[] = [];
  readonly #totals: Record<string, number> = {};
  #world: World;
  /** Requests by NAT that were answered at once. */
  #answered = 0;

  constructor(history: History, plane: DataPlane) {
    this.#history = history;
    this.#plane = plane;
    this.#random = new Random(history.seed);
    this.#source = new PacketSource(this.#random, history.flows);
    const hashKey = history.hashKey ?? HASH_KEY;
    this.#searches = new PortSearches(plane);
    this.#model = new ModelDataPlane({
      ...{ buckets: history.buckets, hashKey, now: plane.now, ingress: INGRESS.ifindex },
      searchStart: () => this.#searches.next(),
    });
    this.#world = randomWorld(this.#random);
    this.#configure();
  }

  run(): Run {
    for (let index = 0; index < this.#history.packets; index++) {
      this.#disturb();
      const frame = this.#source.next();
      this.#note([index, this.#model.now, frame]);
      const { got, counted } = this.#compareOne(frame);
      this.#checkInvariants(frame, got, counted);
      if (index % STATE_EVERY === 0) this.#compareState();
    }
    this.#compareState();
    return { totals: this.#totals, answered: this.#answered, crossings: [...this.#model.sending.crossings] };
  }

  /** Time passes, sweeps run, the configuration changes. */
  #disturb(): void {
    if (this.#random.once(100)) this.#advance(this.#random.pick([1, 1, 2, 3, 10, 31, 61, 121, 301]));
    if (this.#random.once(3000)) this.#advance(20_000);
    if (this.#random.once(200)) this.#sweep();
    if (this.#random.once(400)) this.#setOptions();
    if (this.#random.once(120)) {
      this.#world = editWorld(this.#random, this.#world);
      this.#configure();
    }
  }

  #configure(): void {
    this.#note(`configure ${this.#world.services.map((config) => `${config.id}g${config.generation}`).join(' ')}`);
    this.#plane.configure(this.#world);
    this.#model.configure(this.#world);
    this.#searches.restart();
  }

  /** sysctls: mostly IPVS's defaults. */
  #setOptions(): void {
    let options = OPTIONS;
    for (let bit = 0; bit <= 10; bit++) if (this.#random.once(4)) options ^= 1 << bit;
    if (this.#random.once(4)) options ^= Option.OPTION_LIMIT_ALL;
    const drop_rate = this.#random.pick([0, 0, 0, 10, 3]);
    this.#note(`options ${options.toString(2)} drop_rate ${drop_rate}`);
    this.#plane.set({ options, drop_rate });
    Object.assign(this.#model, { options, dropRate: drop_rate });
  }

  #advance(seconds: number): void {
    // Deadlines are known modulo 2^16 s: what is dead must be swept before it seems alive again.
    this.#sweep();
    this.#plane.advance(seconds);
    this.#model.now = this.#plane.now;
  }

  #sweep(): void {
    this.#plane.sweep();
    this.#plane.sweepTemplates();
    this.#model.sweep();
  }

  /** Answers what the program made of it, and what it counted. */
  #compareOne(frame: Buffer): { got: Outcome; counted: Record<string, number> } {
    const got = this.#plane.run(frame);
    const expected = this.#model.process(frame);
    if (got.verdict !== expected.verdict) this.#fail(frame, `verdict ${got.verdict}, expected ${expected.verdict}`);
    if (got.verdict !== 'drop' && !sameFrame(got, expected)) {
      this.#fail(frame, `packet out\n${frameDump(got.frame)}\nexpected\n${frameDump(expected.frame)}`);
    }
    const counted = this.#plane.counted();
    this.#note(`  ${got.verdict} ${Object.keys(counted).join(' ')}`);
    const wanted = this.#model.sending.counted();
    if (!isDeepStrictEqual(counted, wanted)) {
      this.#fail(frame, `counted ${JSON.stringify(counted)}, expected ${JSON.stringify(wanted)}`);
    }
    for (const [name, times] of Object.entries(counted)) this.#totals[name] = (this.#totals[name] ?? 0) + times;
    return { got, counted };
  }

  /** A frame that left: what must be true of it without asking the model. */
  #checkInvariants(frame: Buffer, got: Outcome, counted: Record<string, number>): void {
    if (got.verdict !== 'tx' && got.verdict !== 'redirect') return;
    if (!keepsChecksums(frame, got.frame)) this.#fail(frame, `a wrong checksum\n${frameDump(got.frame)}`);
    this.#source.sent(got.frame);
    // A connection that is closing from its first packet on (sloppy_tcp) may be pushed out by its own reply's entry.
    const isKept = !counted['connections_evicted'];
    if (counted['connections_created'] && counted['forwarded'] && isKept) this.#answer(frame, got.frame);
  }

  /** There and back is the identity: the client sees what it sent to. */
  #answer(request: Buffer, forwarded: Buffer): void {
    const answer = answerTo(request, forwarded, this.#world);
    if (answer === null) return;
    this.#note([this.#answered, this.#model.now, answer.frame]);
    const { got } = this.#compareOne(answer.frame);
    const seen = got.verdict === 'tx' ? ends(got.frame) : got.verdict;
    if (seen !== answer.ends) this.#fail(answer.frame, `${seen}, expected ${answer.ends}`);
    if (!keepsChecksums(answer.frame, got.frame)) this.#fail(answer.frame, `a wrong checksum\n${frameDump(got.frame)}`);
    this.#answered++;
  }

  #compareState(): void {
    this.#compareEntries();
    this.#compareTemplates();
    this.#expectEqual('searches for a local port that were not needed', this.#searches.unknown(), 0);
    const { states, sources } = readLimits(this.#plane.object, this.#world.services);
    this.#expectEqual('sources', sources.toSorted(), [...this.#model.limits.sources].map(String).toSorted());
    for (const { id, servers } of this.#world.services) {
      this.#expectEqual(`limits of service ${id}`, states.get(id), this.#model.limits.stateOf(id));
      this.#compareTraffic('service', id);
      for (const server of servers) {
        this.#compareTraffic('server', server.id);
        const wanted = this.#model.connections.live.get(server.id) ?? { active: 0, inactive: 0 };
        const named = [...this.#model.templates.byClient.values()].filter(({ realServer }) => realServer === server.id);
        this.#expectEqual(`templates of server ${server.id}`, this.#plane.persistent(server.id), named.length);
        this.#expectEqual(`live counts of server ${server.id}`, this.#plane.live(server.id), wanted);
        const overloaded = this.#model.connections.overloaded.has(server.id);
        this.#expectEqual(`overload of server ${server.id}`, this.#plane.overloaded(server.id), overloaded);
      }
    }
  }

  #compareTemplates(): void {
    const got = this.#plane.templates().map(({ key, value }) => [templateName(key), templateText(value)] as const);
    const wanted = [...this.#model.templates.byClient].map(([key, value]) => {
      const { slot: index, realServer: real_server, assured, ...rest } = value;
      return [key, templateText({ ...rest, index, real_server, flags: assured ? 1 : 0 })] as const;
    });
    const both = new Set(wanted.map(([key, text]) => `${key}: ${text}`));
    const odd = got.map(([key, text]) => `${key}: ${text}`).filter((text) => !both.delete(text));
    this.#expectEqual('templates', odd.toSorted(), [...both].toSorted());
  }

  #compareEntries(): void {
    this.#plane.table.words.forEach((word, number) => {
      const entry = this.#model.connections.entries[number] ?? null;
      const wanted = entry === null ? 0n : packEntry(entry);
      if (word !== wanted) this.#expectEqual(`entry ${number}`, word.toString(16), wanted.toString(16));
    });
  }

  #compareTraffic(kind: 'service' | 'server', id: number): void {
    const wanted = this.#model.sending.traffic.get(`${kind} ${id}`) ?? { connections: 0, packets: 0, bytes: 0 };
    this.#expectEqual(`traffic of ${kind} ${id}`, this.#plane.traffic(`${kind}_traffic`, id), wanted);
  }

  #expectEqual(what: string, got: unknown, wanted: unknown): void {
    if (isDeepStrictEqual(got, wanted)) return;
    this.#fail(null, `${what}: ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`);
  }

  #note(line: string | [number, number, Buffer]): void {
    this.#recent.push(line);
    if (this.#recent.length > KEPT_LINES) this.#recent.shift();
  }

  #fail(frame: Buffer | null, difference: string): never {
    const { seed, packets, buckets, flows } = this.#history;
    const packet = frame === null ? '' : `\npacket in\n${frameDump(frame)}`;
    throw new Error(
      `seed ${seed} (${packets} packets, ${buckets} buckets, ${flows} flows): ${difference}${packet}\nlast:\n${this.#recent.map(noteText).join('\n')}`,
    );
  }
}

type TemplateValue = Pick<Template, 'real_server' | 'index' | 'flags' | 'deadline' | 'timeout' | 'connections'>;

function templateName({ service, client }: TemplateKey): string {
  return `${service} ${client.word.map((word) => word.toString(16).padStart(8, '0')).join('')}`;
}

function templateText({ real_server, index, flags, deadline, timeout, connections }: TemplateValue): string {
  return `server ${real_server} slot ${index} flags ${flags} until ${deadline} timeout ${timeout} controls ${connections}`;
}

/** Identifications that may be anything must still be summed right. */
function sameFrame(got: Outcome, expected: Result): boolean {
  if (!expected.randomId && !expected.quotesRandomId) return got.frame.equals(expected.frame);
  if (got.frame.length !== expected.frame.length) return false;
  const at = ipAt(got.frame);
  const headers = expected.quotesRandomId ? [at, at + QUOTE] : [at];
  if (headers.some((place) => onesSum(got.frame.subarray(place, place + 20)) !== 0xffff)) return false;
  if (expected.quotesRandomId && onesSum(got.frame.subarray(at + 20)) !== 0xffff) return false;
  // An error's own sum covers the identification that it quotes.
  const blanks = [
    ...headers.flatMap((place) => [place + 4, place + 10]),
    ...(expected.quotesRandomId ? [at + 22] : []),
  ];
  const blank = (frame: Buffer): Buffer => {
    const copy = Buffer.from(frame);
    for (const place of blanks) copy.writeUInt16BE(0, place);
    return copy;
  };
  return blank(got.frame).equals(blank(expected.frame));
}

function ipAt(frame: Buffer): number {
  let at = 12;
  while (frame.readUInt16BE(at) !== 0x0800) at += 4;
  return at + 2;
}

function noteText(note: string | [index: number, now: number, frame: Buffer]): string {
  return typeof note === 'string' ? note : `#${note[0]} t=${note[1]} ${frameLine(note[2])}`;
}
