/** How a real server and a service are, from what is configured and what the network says. */

import type { EffectiveState, ServiceState } from '../../api/protocol/services.ts';
import type { RealServer } from '../../core/model/model.ts';
import type { Resolution } from '../../net/resolution.ts';

/** What the operator asked for outweighs what was found: a drained server is no fault. */
export function effectiveState(server: RealServer, resolution: Resolution): EffectiveState {
  if (server.admin !== null) return 'draining';
  if (server.weight === 0) return 'quiesced';
  return unreachable(server, resolution) === null ? 'up' : 'unresolved';
}

/** Why frames cannot be sent to a server; null: they can. */
export function unreachable({ method }: RealServer, resolution: Resolution): string | null {
  if (resolution.state === 'unresolved') return resolution.reason;
  return method === 'tun' && !resolution.source.ok ? resolution.source.reason : null;
}

/** Servers held back on purpose do not degrade a service; one without a server that is up is down. */
export function serviceState(states: readonly EffectiveState[]): ServiceState {
  if (!states.includes('up')) return 'down';
  return states.includes('unresolved') ? 'degraded' : 'up';
}
