/**
 * The connections of a simulation: who opens them, when, and for how long. They
 * come from a trace, or are drawn; what a trace leaves out is drawn too.
 */
import { addressFromWords, type Family } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import type { Flow } from '../scheduler/flow.ts';
import { Random } from './random.ts';
import type { TraceFlow } from './trace.ts';

export interface Arrival extends Flow {
  /** Seconds from the start. */
  readonly at: number;
  /** Seconds; Infinity: stays open. */
  readonly lasts: number;
}

export interface Traffic {
  /** In order of time. */
  readonly arrivals: readonly Arrival[];
  /** Indices of arrivals, in the order in which the connections close; of equals the earlier arrival first. */
  readonly closings: Uint32Array;
}

/** How often connections come, and how long they stay: both exponentially distributed. */
export interface Pace {
  /** Connections a second. */
  readonly rate: number;
  /** Seconds in the mean; Infinity: all stay open. */
  readonly duration: number;
}

export interface Crowd {
  readonly flows: number;
  /** null: each flow has a client of its own. */
  readonly clients: number | null;
  /** Addresses that the flows go to; 1: the virtual address alone. */
  readonly destinations: number;
  readonly family: Family;
}

/** Of one seed, streams of random numbers that have nothing to do with each other. */
const STREAM = { flows: 0x9e3779b9, times: 0x85ebca6b };

export function drawFlows({ flows, clients, destinations, family }: Crowd, seed: number): TraceFlow[] {
  const random = new Random(seed ^ STREAM.flows);
  const draw = (count: number) => Array.from({ length: count }, () => drawAddress(random, family));
  const known = clients === null ? null : draw(clients);
  const goals = destinations === 1 ? [null] : draw(destinations);
  return Array.from({ length: flows }, () => ({
    source: known === null ? drawAddress(random, family) : known[random.below(known.length)]!,
    sourcePort: 1024 + random.below(64512),
    destination: goals[random.below(goals.length)]!,
    at: null,
    lasts: null,
  }));
}

/** Without times of their own, flows come in the order in which they stand. `virtual`: where they go to if they do not say. */
export function paced(flows: readonly TraceFlow[], virtual: Address, { rate, duration }: Pace, seed: number): Traffic {
  const random = new Random(seed ^ STREAM.times);
  let clock = 0;
  const arrivals = flows.map(({ source, sourcePort, destination, at, lasts }) => {
    clock += random.exponential(1 / rate);
    const drawn = duration === Number.POSITIVE_INFINITY ? duration : random.exponential(duration);
    return { source, sourcePort, destination: destination ?? virtual, at: at ?? clock, lasts: lasts ?? drawn };
  });
  arrivals.sort((a, b) => a.at - b.at);
  const ends = Float64Array.from(arrivals, ({ at, lasts }) => at + lasts);
  const closings = Uint32Array.from(ends.keys()).sort((a, b) => (ends[a] === ends[b] ? a - b : ends[a]! - ends[b]!));
  return { arrivals, closings };
}

const FIRST_HOST = 0x01000000;
/** Where multicast begins. */
const END_OF_HOSTS = 0xe0000000;

/** IPv4: 1.0.0.0 to 223.255.255.255; IPv6: of the prefix for documentation. */
function drawAddress(random: Random, family: Family): Address {
  if (family === 4) return addressFromWords(4, [FIRST_HOST + random.below(END_OF_HOSTS - FIRST_HOST)]);
  return addressFromWords(6, [0x20010db8, random.bits(), random.bits(), random.bits()]);
}
