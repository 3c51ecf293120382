/** How near its limits a service is, and how often each was met. */
import type { Maps } from './maps.ts';
import type { LimitCounts } from './types.gen.ts';

/** Opening packets since the id got its owner; `connections`: of this moment. */
export type LimitTotals = { readonly connections: number } & { readonly [Name in keyof LimitCounts]: number };

const NAMES = ['over_rate', 'over_connections', 'over_source_rate', 'over_source_connections', 'denied'] as const;

/** `id` undefined: all are 0. */
export function readLimitTotals(
  maps: Pick<Maps, 'limit_states' | 'limit_counts'>,
  id: number | undefined,
): LimitTotals {
  const cpus = id === undefined ? [] : (maps.limit_counts.getPerCpu(id) ?? []);
  const totals = NAMES.map((name) => [name, cpus.reduce((sum, cpu) => sum + Number(cpu[name]), 0)] as const);
  const connections = id === undefined ? 0 : (maps.limit_states.get(id)?.connections ?? 0);
  return { connections, ...(Object.fromEntries(totals) as Record<(typeof NAMES)[number], number>) };
}
