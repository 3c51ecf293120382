/** What the further planes of the bench are configured with: marks, NAT, and other tunnels than IPIP. */
import {
  evenRing,
  type MarkConfig,
  markRule,
  markService,
  type ServiceConfig,
  service,
  VIP6,
  type World,
  world,
} from '../../test/bpf/world.ts';
import { PORT, realServers } from './planes.ts';

const MARK_RULES = 1000;

/** Of the service that no rule names. */
export const UNMARKED_PORT = 84;
/** Of services whose real servers see another packet, or another tunnel. */
export const OTHER_PORT = { nat: 80, fullnat: 81, cross: 82, gue: 83, gre: 84 } as const;

/** NAT and fullnat, within a family and between the two, and the other tunnels. */
export function otherWorld(): World {
  const [four, six] = [realServers('fullnat', 4), realServers('fullnat', 6)];
  const services: ServiceConfig[] = [
    service(realServers('nat'), { id: 1, port: OTHER_PORT.nat }),
    service(four, { id: 2, port: OTHER_PORT.fullnat }),
    service(six, { id: 3, address: VIP6, port: OTHER_PORT.fullnat }),
    service(four, { id: 4, address: VIP6, port: OTHER_PORT.cross }),
    service(six, { id: 5, port: OTHER_PORT.cross }),
    service(realServers('tun', 4, { tunnel: 'gue' }), { id: 6, port: OTHER_PORT.gue }),
    service(realServers('tun', 4, { tunnel: 'gre' }), { id: 7, port: OTHER_PORT.gre }),
  ];
  const locals = ['10.9.0.1', '2001:db8:9::1'].map((address) => ({ address, first: 1024, last: 65535 }));
  return world(services, { locals });
}

/** One rule names the service's own address and port, the others say what is none of it. */
export function markedWorld(): World {
  const others = count(MARK_RULES - 1).map((n) => {
    return markRule({ destination: `10.${n >> 8}.${n & 255}.0/24`, ports: [[n + 1, n + 100]], mark: 1 + (n % 2) });
  });
  return world(markServices(), { marks: [markRule({ ports: [[PORT.tun, PORT.tun]], mark: 1 }), ...others] });
}

/** Each rule another prefix of sources of the service's address and port; together, all of IPv4. */
export function bySourceWorld(): World {
  const bySource = count(MARK_RULES - 1).map((n): MarkConfig => {
    const source = `${n >> 2}.${(n & 3) << 6}.0.0/10`;
    return markRule({ source, ports: [[PORT.tun, PORT.tun]], mark: 1 + (n % 2) });
  });
  const rest = markRule({ ports: [[PORT.tun, PORT.tun]], mark: 1 });
  return world(markServices(), { marks: [...bySource, rest] });
}

function markServices(): ServiceConfig[] {
  const tun = realServers('tun');
  const ring = evenRing(tun, 1021);
  return [
    markService(1, tun, { id: 1, ring }),
    markService(2, tun, { id: 2, ring }),
    service(tun, { id: 3, port: UNMARKED_PORT, ring }),
  ];
}

function count(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index);
}
