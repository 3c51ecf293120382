/**
 * Lets connections come to a service and go again, and writes down which real
 * server each got. The rules are those of core/scheduler; here are only the
 * counts that they look at.
 *
 * A connection is active while it lasts, and inactive for as long after it as
 * IPVS remembers one that was closed.
 */
import type { RealServer, VirtualService } from '../model/model.ts';
import { DEFAULT_TIMEOUTS } from '../model/timeouts.ts';
import type { Load } from '../scheduler/candidate.ts';
import { choose, initialState, type SchedulerState } from '../scheduler/scheduler.ts';
import { Random } from './random.ts';
import type { Traffic } from './traffic.ts';

export interface Play {
  /** For each arrival, the real server it got; null: refused. */
  readonly choices: readonly (RealServer | null)[];
  /** Connections of a real server that were active at one time. */
  readonly peaks: ReadonlyMap<RealServer, number>;
}

/** Seconds after the end of a connection until it is forgotten. */
const INACTIVE = DEFAULT_TIMEOUTS.tcpFin;
/**
 * Seconds between two ticks of the clock that rules see. They use it to forget
 * destinations after a day; a finer one would make them write down every use.
 */
const TICK = 60;
/** Keeps the draws of `twos` apart from those that made the flows. */
const STREAM = 0xc2b2ae35;

export function play(service: VirtualService, { arrivals, closings }: Traffic, seed: number): Play {
  const tally = new Tally(service.servers);
  const random = new Random(seed ^ STREAM);
  const draw = (limit: number) => random.below(limit);
  const choices: (RealServer | null)[] = [];
  let state: SchedulerState = initialState(service);
  let [closed, forgotten] = [0, 0];
  for (const arrival of arrivals) {
    const ended = (place: number, after: number) => {
      const index = closings[place]!;
      // Of equal times the arrival comes first: what has not opened cannot close.
      return index < choices.length && endOf(arrivals[index]!) + after <= arrival.at;
    };
    for (; closed < closings.length && ended(closed, 0); closed++) tally.close(choices[closings[closed]!]!);
    for (; forgotten < closed && ended(forgotten, INACTIVE); forgotten++) tally.forget(choices[closings[forgotten]!]!);
    const now = Math.floor(arrival.at / TICK) * TICK;
    const [server, next] = choose(service, state, arrival, { load: tally.load, now, random: draw });
    state = next;
    choices.push(server);
    tally.open(server);
  }
  return { choices, peaks: tally.peaks() };
}

function endOf({ at, lasts }: { readonly at: number; readonly lasts: number }): number {
  return at + lasts;
}

interface Count extends Load {
  active: number;
  inactive: number;
  peak: number;
}

/** Connections of every server. A refused connection (null) counts nowhere. */
class Tally {
  readonly #counts: ReadonlyMap<RealServer, Count>;

  constructor(servers: readonly RealServer[]) {
    this.#counts = new Map(servers.map((server) => [server, { active: 0, inactive: 0, peak: 0, overloaded: false }]));
  }

  readonly load = (server: RealServer): Load => this.#counts.get(server)!;

  open(server: RealServer | null): void {
    if (server === null) return;
    const count = this.#counts.get(server)!;
    count.active++;
    count.peak = Math.max(count.peak, count.active);
  }

  close(server: RealServer | null): void {
    if (server === null) return;
    const count = this.#counts.get(server)!;
    count.active--;
    count.inactive++;
  }

  forget(server: RealServer | null): void {
    if (server !== null) this.#counts.get(server)!.inactive--;
  }

  peaks(): Map<RealServer, number> {
    return new Map(Array.from(this.#counts, ([server, { peak }]) => [server, peak]));
  }
}
