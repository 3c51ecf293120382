/** How near their limits services and sources are, as the program's maps have it. */
import type { BpfObject } from 'libbpf-ts';
import type { ServiceConfig } from '../world.ts';
import type { LimitState } from './limits.ts';

interface SourceKey {
  readonly service: number;
  readonly source: { readonly word: readonly number[] };
}

interface SourceState {
  readonly connections: number;
}

interface State {
  readonly connections: number;
  readonly over_at: number;
}

type Counts = Record<keyof LimitState['met'], bigint>;

/** `sources`: `key,connections`, as the model's entries are written as text. */
export function readLimits(
  object: BpfObject,
  services: readonly ServiceConfig[],
): { states: Map<number, LimitState>; sources: string[] } {
  const states = new Map(services.map(({ id }) => [id, readState(object, id)]));
  const sources = [...object.map<SourceKey, SourceState>('source_states').entries()].map(
    ([{ service, source }, { connections }]) =>
      `${service} ${source.word.map((word) => word.toString(16).padStart(8, '0')).join('')},${connections}`,
  );
  return { states, sources };
}

function readState(object: BpfObject, id: number): LimitState {
  const { connections, over_at } = object.map<number, State>('limit_states').get(id)!;
  const counts = object.map<number, Counts>('limit_counts').getPerCpu(id) ?? [];
  const sum = (name: keyof Counts): number => counts.reduce((total, count) => total + Number(count[name]), 0);
  return {
    connections,
    overAt: over_at,
    met: {
      over_rate: sum('over_rate'),
      over_connections: sum('over_connections'),
      over_source_rate: sum('over_source_rate'),
      over_source_connections: sum('over_source_connections'),
      denied: sum('denied'),
    },
  };
}
