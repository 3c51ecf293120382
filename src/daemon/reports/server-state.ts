/** How a real server and a service are, from what is configured and what the network says. */

import type { EffectiveState, ServiceState } from '../../api/protocol/services.ts';
import { addressFamily } from '../../core/model/address.ts';
import type { RealServer, TunnelSettings } from '../../core/model/model.ts';
import type { Resolution } from '../../net/resolution.ts';

/** What the operator asked for outweighs what was found: a drained server is no fault. */
export function effectiveState(server: RealServer, resolution: Resolution, tunnel: TunnelSettings): EffectiveState {
  if (server.admin !== null) return 'draining';
  if (server.weight === 0) return 'quiesced';
  return unreachable(server, resolution, tunnel) === null ? 'up' : 'unresolved';
}

/** Why frames cannot be sent to a server; null: they can. */
export function unreachable(server: RealServer, resolution: Resolution, tunnel: TunnelSettings): string | null {
  const { method, key } = server;
  if (resolution.state === 'unresolved') return resolution.reason;
  if (method !== 'tun' || resolution.source.ok) return null;
  // Sources spread over a prefix stand in for one of the director's own.
  const spread = addressFamily(key.address) === 4 ? tunnel.spread4 : tunnel.spread6;
  return spread === null ? resolution.source.reason : null;
}

/** Servers held back on purpose do not degrade a service; one without a server that is up is down. */
export function serviceState(states: readonly EffectiveState[]): ServiceState {
  if (!states.includes('up')) return 'down';
  return states.includes('unresolved') || states.includes('unsupported') ? 'degraded' : 'up';
}
