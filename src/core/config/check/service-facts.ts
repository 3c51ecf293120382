/** What follows for a virtual server from its keywords. */
import type { MethodSetting } from '../forms/services.ts';
import { last, type Setting } from '../keyword.ts';

interface WithMethod {
  readonly lb_kind?: readonly Setting<MethodSetting>[];
  readonly lvs_method?: readonly Setting<MethodSetting>[];
}

const NAT: MethodSetting = { method: 'NAT', tunnel: null, checksum: null };

/** Of a virtual server. */
export function methodOf(block: WithMethod): MethodSetting {
  return (last(block.lb_kind) ?? last(block.lvs_method))?.value ?? NAT;
}

/** Of a real server: its own, or that of its virtual server. */
export function serverMethodOf(server: WithMethod, service: WithMethod): MethodSetting {
  return (last(server.lvs_method) ?? last(server.lb_kind))?.value ?? methodOf(service);
}

/** Whether its real servers may be of the other address family. */
export function mayCross(method: MethodSetting['method']): boolean {
  return method === 'TUN' || method === 'FULLNAT';
}
