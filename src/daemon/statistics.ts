/**
 * Totals and rates of services, real servers and counters. The data plane only
 * ever counts up; `zero` keeps where it stood and shows the difference.
 */

import type { Operation } from '../core/reconcile/operations.ts';
import { type CounterTotals, NO_TRAFFIC, type TrafficTotals } from '../dataplane/traffic.ts';
import { Estimators, estimate, type TrafficRates } from './estimator.ts';
import type { Baseline, SavedState } from './state-file.ts';

/** Where totals are read. */
export interface Totals {
  service(id: number): TrafficTotals;
  server(id: number): TrafficTotals;
  counters(): CounterTotals;
}

export interface Ids {
  readonly services: readonly number[];
  readonly servers: readonly number[];
}

/** How many ids are read before other work gets its turn. */
const CHUNK = 1000;

export class Statistics {
  readonly #source: Totals;
  readonly #zeroed = { services: new Map<number, TrafficTotals>(), servers: new Map<number, TrafficTotals>() };
  readonly #services = new Estimators<number>();
  readonly #servers = new Estimators<number>();
  #counters: { totals: CounterTotals; rates: Record<string, number> } | undefined;
  #tickedAt: number | undefined;

  constructor(source: Totals, zeroed: SavedState['zeroed'] = { services: [], servers: [] }) {
    this.#source = source;
    for (const kind of ['services', 'servers'] as const) {
      for (const [id, connections, packets, bytes, outPackets = 0, outBytes = 0] of zeroed[kind]) {
        this.#zeroed[kind].set(id, { connections, packets, bytes, outPackets, outBytes });
      }
    }
  }

  /** Since the start or the last `zero`. */
  service(id: number): TrafficTotals {
    return since(this.#source.service(id), this.#zeroed.services.get(id));
  }

  server(id: number): TrafficTotals {
    return since(this.#source.server(id), this.#zeroed.servers.get(id));
  }

  serviceRates(id: number): TrafficRates {
    return this.#services.of(id);
  }

  serverRates(id: number): TrafficRates {
    return this.#servers.of(id);
  }

  /** Totals since the data plane was made, and rates per second. */
  counters(): { readonly totals: CounterTotals; readonly rates: Readonly<Record<string, number>> } {
    return { totals: this.#source.counters(), rates: this.#counters?.rates ?? {} };
  }

  /** From now on totals of these ids start at zero. */
  zero({ services, servers }: Ids): void {
    for (const id of services) this.#zeroed.services.set(id, this.#source.service(id));
    for (const id of servers) this.#zeroed.servers.set(id, this.#source.server(id));
  }

  /** The maps' own totals of ids with a new owner start at zero. */
  applied(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (operation.op !== 'zero') continue;
      for (const id of operation.serviceIds) this.#zeroed.services.delete(id);
      for (const id of operation.serverIds) this.#zeroed.servers.delete(id);
    }
  }

  /** For the state file. */
  get zeroed(): SavedState['zeroed'] {
    const list = (map: ReadonlyMap<number, TrafficTotals>): Baseline[] =>
      [...map].map(([id, { connections, packets, bytes, outPackets, outBytes }]) => {
        return [id, connections, packets, bytes, outPackets, outBytes];
      });
    return { services: list(this.#zeroed.services), servers: list(this.#zeroed.servers) };
  }

  /** Reads everything and moves the averages. `now`: milliseconds; `pause` lets other work run. */
  async tick(ids: Ids, now: number, pause: () => Promise<unknown>): Promise<void> {
    const seconds = this.#tickedAt === undefined ? 1 : Math.max(0.001, (now - this.#tickedAt) / 1000);
    this.#tickedAt = now;
    const counters = this.#source.counters();
    this.#counters = { totals: counters, rates: counterRates(this.#counters, counters, seconds) };
    const services = await readAll(ids.services, (id) => this.#source.service(id), pause);
    const servers = await readAll(ids.servers, (id) => this.#source.server(id), pause);
    this.#services.tick(services, seconds);
    this.#servers.tick(servers, seconds);
  }
}

function since(now: TrafficTotals, zeroed: TrafficTotals = NO_TRAFFIC): TrafficTotals {
  const field = (name: keyof TrafficTotals) => Math.max(0, now[name] - zeroed[name]);
  return {
    connections: field('connections'),
    packets: field('packets'),
    bytes: field('bytes'),
    outPackets: field('outPackets'),
    outBytes: field('outBytes'),
  };
}

async function readAll(
  ids: readonly number[],
  read: (id: number) => TrafficTotals,
  pause: () => Promise<unknown>,
): Promise<[number, TrafficTotals][]> {
  const totals: [number, TrafficTotals][] = [];
  for (const [i, id] of ids.entries()) {
    if (i % CHUNK === CHUNK - 1) await pause();
    totals.push([id, read(id)]);
  }
  return totals;
}

function counterRates(
  before: { totals: CounterTotals; rates: Record<string, number> } | undefined,
  now: CounterTotals,
  seconds: number,
): Record<string, number> {
  const names = Object.keys(now) as (keyof CounterTotals)[];
  const rate = (name: keyof CounterTotals) =>
    before === undefined ? 0 : estimate(before.rates[name] ?? 0, before.totals[name], now[name], seconds);
  return Object.fromEntries(names.map((name) => [name, rate(name)]));
}
