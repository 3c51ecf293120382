/** A configuration of Katran in xlb's terms: every VIP a service under `mh`, every real a server behind a tunnel. */
import { Option } from '../../src/dataplane/types.gen.ts';
import {
  evenRing,
  hop,
  INGRESS,
  type ServerConfig,
  type ServiceConfig,
  server,
  service,
  type World,
  world,
} from '../bpf/world.ts';
import type { Config, Fixtures, Vip } from './fixtures.ts';

/** Input frames are addressed to it. */
const DIRECTOR_MAC = '02:00:00:00:00:00';
const OUTER_SOURCE = { 4: '10.0.13.37', 6: 'fc00:2307::1337' } as const;
const RING_SIZE = 251;

/**
 * What Katran does with every VIP is an option here: it takes TCP without a
 * SYN, places ICMP errors that no connection is known for, and forgets a flow
 * whose real is gone.
 */
export const OPTIONS =
  Option.OPTION_REUSE |
  Option.OPTION_PMTU_DISC |
  Option.OPTION_SLOPPY_TCP |
  Option.OPTION_SCHEDULE_ICMP |
  Option.OPTION_EXPIRE_NODEST_CONN;

/** The VIPs of a configuration: its own in place of those that it extends. */
export function vipsOf(fixtures: Fixtures, name: string): Vip[] {
  const config = fixtures.configs[name] as Config;
  const base = config.extends?.split(' ')[0];
  const merged = new Map<string, Vip>();
  for (const vip of [
    ...(base === undefined ? [] : vipsOf(fixtures, base)),
    ...(config.vips ?? []),
    ...(config.vips_changed ?? []),
  ])
    merged.set(vipKey(vip), vip);
  return [...merged.values()];
}

export function vipKey({ proto, address, port }: Pick<Vip, 'proto' | 'address' | 'port'>): string {
  return `${proto} ${address} ${port}`;
}

/** `gone` names a server by its VIP: deleted, but for its connections. A VIP that is a prefix has no service here. */
export function worldOf(vips: readonly Vip[], gateway: string, gone: ReadonlyMap<string, string>): World {
  let serverId = 0;
  const services = vips
    .filter(({ address }) => !address.includes('/'))
    .map((vip, index): ServiceConfig => {
      const servers = vip.reals.map((real) => tunnelTo(real, ++serverId, gone.get(vipKey(vip)) !== real));
      const { address, port, proto: protocol } = vip;
      const generation = gone.has(vipKey(vip)) ? 2 : 1;
      const ring = evenRing(servers, RING_SIZE);
      return service(servers, {
        ...{ address, port, protocol, generation, ring },
        ...{ id: index + 1, scheduler: 'mh', hashPort: true },
      });
    });
  return world(services, { nextHops: [hop(0, { mac: gateway })], interfaces: [{ ...INGRESS, mac: DIRECTOR_MAC }] });
}

function tunnelTo(address: string, id: number, available: boolean): ServerConfig {
  const family = address.includes(':') ? 6 : 4;
  return server(id, { address, available, method: 'tun', nextHop: 0, outerSource: OUTER_SOURCE[family] });
}
