/** A real server's state in words: what it is, since when, why. */
import type { EffectiveState, ServerReport } from '../api/protocol/services.ts';
import type { Tone } from './format/colour.ts';
import { age, secondsSince, si } from './format/units.ts';

export const STATE_TONES: Record<EffectiveState, Tone> = {
  up: 'good',
  draining: 'held',
  quiesced: 'held',
  unresolved: 'bad',
  unsupported: 'bad',
};

/** `up 12 d`, `draining 2 min`. */
export function stateText({ state }: ServerReport, now: number): string {
  const since = state.effective === 'draining' ? (state.admin?.at ?? state.since) : state.since;
  return since === null ? state.effective : `${state.effective} ${age(secondsSince(since, now))}`;
}

/** What there is to say of a server that takes no new connections; undefined: it does. */
export function stateDetail(server: ServerReport, now: number): string | undefined {
  const { effective, admin } = server.state;
  if (effective === 'up') return undefined;
  const text = stateText(server, now);
  if (effective === 'unresolved' || effective === 'unsupported')
    return `${text}: ${server.next_hop.reason ?? 'next hop not known'}`;
  const left = `${si(server.connections.active + server.connections.inactive)} left`;
  if (admin === null) return `${text}, ${left}  (weight 0)`;
  return `${text}, ${left}  (by ${admin.by}${admin.reason === '' ? '' : `: "${admin.reason}"`})`;
}
