/** The data planes under test: the real object, tables of the sizes that the cases need, filled with connections. */
import { readFileSync } from 'node:fs';
import type { BpfMap } from 'libbpf-ts';
import { DataPlane } from '../../test/bpf/fixture.ts';
import {
  evenRing,
  INGRESS,
  type Method,
  type ServerConfig,
  type ServiceConfig,
  server,
  service,
  VIP4,
  VIP6,
  type World,
  world,
} from '../../test/bpf/world.ts';
import { ethernet, type PacketBuilder } from '../../test/support/packet.ts';
import { type Driver, ORDER } from './driver.ts';

const REAL_SERVERS = 100;
/** Ports of the services. */
export const PORT = { tun: 80, dr: 81, mh: 82, udp: 83 } as const;
/** The source address is the driver's to change; frames have room for all that it writes. */
const PADDING = 20;

/** A data plane with twice as many connection slots as `flows`, on the kernel's own clock. */
export function openPlane(flows: number, config = benchWorld()): DataPlane {
  const plane = DataPlane.load({ buckets: flows / 4 });
  const hertz = readHertz(plane);
  plane.set({ hertz, jiffy_scale: Math.floor(2 ** 24 / hertz), clock_offset: 0 });
  plane.configure(config);
  return plane;
}

export function frame4(port: number, flags: string, dst = VIP4): Buffer {
  return tcp(ethernet({ dst: INGRESS.mac }).ipv4({ dst, df: true }), port, flags);
}

export function frame6(port: number, flags: string): Buffer {
  return tcp(ethernet({ dst: INGRESS.mac }).ipv6({ dst: VIP6 }), port, flags);
}

export function udpFrame4(): Buffer {
  return ethernet({ dst: INGRESS.mac }).ipv4({ df: true }).udp({ dport: PORT.udp }).payload(32).build();
}

export function realServers(method: Method, family: 4 | 6 = 4, fields: Partial<ServerConfig> = {}): ServerConfig[] {
  return Array.from({ length: REAL_SERVERS }, (_, n) => {
    const address = family === 4 ? `10.0.0.${n + 1}` : `2001:db8:2::${n + 1}`;
    return server(n, { address, family, id: n, nextHop: n % 16, method, ...fields });
  });
}

/** Opens and acknowledges flows 0 to `flows` - 1, so that all of them are established. */
export function fill(driver: Driver, plane: DataPlane, frame: Buffer, flows: number): void {
  const step = 1 << 20;
  for (let firstFlow = 0; firstFlow < 2 * flows; firstFlow += step) {
    driver.run({
      program: plane.object.program('xlb'),
      frame,
      order: ORDER.open,
      firstFlow,
      repeat: Math.min(step, 2 * flows),
    });
  }
}

/**
 * Bytes that each connection slot takes: of what every packet touches, and in all. It is what
 * two planes of different sizes differ by: some bytes of a map belong to no slot.
 */
export function bytesPerSlot(small: DataPlane, large: DataPlane): { hot: number; all: number } {
  const slots = (large.buckets - small.buckets) * 8;
  const growth = (map: string) => (memory(large.object.map(map)) - memory(small.object.map(map))) / slots;
  const hot = growth('connections');
  return { hot, all: hot + growth('connection_keys') };
}

function tcp(packet: PacketBuilder, dport: number, flags: string): Buffer {
  return packet.tcp({ dport, flags }).payload(PADDING).build();
}

function benchWorld(): World {
  const tun = realServers('tun');
  const services: ServiceConfig[] = [
    service(tun, { id: 1, port: PORT.tun, ring: evenRing(tun, 1021) }),
    service(realServers('dr'), { id: 2, port: PORT.dr }),
    service(tun, { id: 3, port: PORT.mh, scheduler: 'mh', ring: evenRing(tun, 65537) }),
    service(tun, { id: 4, address: VIP6, port: PORT.tun }),
    service(tun, { id: 5, protocol: 'udp', port: PORT.udp }),
  ];
  return world(services);
}

/** Jiffies a second: one of the kernel's choices. */
function readHertz(plane: DataPlane): number {
  const read = (): [jiffies: bigint, ns: bigint] => {
    const out = plane.object.program('read_clock').testRun({ ctxIn: Buffer.alloc(24) }).ctxOut ?? Buffer.alloc(24);
    return [out.readBigUInt64LE(0), out.readBigUInt64LE(8)];
  };
  const [jiffies, start] = read();
  const until = performance.now() + 200;
  while (performance.now() < until);
  const [later, end] = read();
  const measured = (Number(later - jiffies) * 1e9) / Number(end - start);
  return [100, 250, 300, 1000].reduce((a, b) => (Math.abs(b - measured) < Math.abs(a - measured) ? b : a));
}

function memory(map: BpfMap): number {
  const line = /^memlock:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${map.fd}`, 'utf8'));
  if (line === null) throw new Error(`the kernel does not say how large map ${map.name} is`);
  return Number(line[1]);
}
