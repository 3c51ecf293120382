/** IPVS's schedulers that compare servers by their connections and weights: lc, wlc, sed, nq, fo, ovf. */
import { isEligible, type ServerConfig, type ServiceConfig } from '../world.ts';

/** Connections at this moment, by real-server id; and the time. */
export interface Live {
  readonly active: (id: number) => number;
  readonly inactive: (id: number) => number;
  readonly overloaded: (id: number) => boolean;
  readonly now: number;
}

export type Comparing = 'lc' | 'wlc' | 'sed' | 'nq' | 'fo' | 'ovf';

export function mayTake({ servers }: ServiceConfig, slot: number, live: Live): boolean {
  const entry = servers[slot];
  return entry !== undefined && isEligible(entry) && !live.overloaded(entry.id);
}

export function loadOf({ id }: ServerConfig, live: Live): bigint {
  return BigInt(live.active(id) * 257 + live.inactive(id));
}

/** Slot of the server with the lowest cost for its divisor, the first of equals; null: none may take it. */
export function compare(config: ServiceConfig, scheduler: Comparing, live: Live): number | null {
  let best: { slot: number; cost: bigint; divisor: bigint } | null = null;
  for (const [slot, entry] of config.servers.entries()) {
    if (!mayTake(config, slot, live)) continue;
    const active = live.active(entry.id);
    if (scheduler === 'ovf' && active > entry.weight) continue;
    if (scheduler === 'nq' && active === 0) return slot;
    const [cost, divisor] = costOf(entry, scheduler, live);
    if (best === null || cost * best.divisor < best.cost * divisor) best = { slot, cost, divisor };
  }
  return best?.slot ?? null;
}

function costOf(entry: ServerConfig, scheduler: Comparing, live: Live): [cost: bigint, divisor: bigint] {
  const weight = BigInt(entry.weight);
  if (scheduler === 'lc') return [loadOf(entry, live), 1n];
  if (scheduler === 'wlc') return [loadOf(entry, live), weight];
  if (scheduler === 'sed' || scheduler === 'nq') return [BigInt(live.active(entry.id) + 1), weight];
  return [-weight, 1n];
}
