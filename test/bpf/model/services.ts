/** Services by what their packets are addressed to, and by their marks. */
import { addressBytes } from '../../support/packet-bytes.ts';
import { PROTOCOL } from '../../support/packet-layers.ts';
import type { MarkConfig, ServiceConfig } from '../world.ts';
import { findMark } from './marks.ts';
import type { Packet } from './read-packet.ts';

const FTP = 21;
const FTP_DATA = 20;
const FIRST_HIGH_PORT = 1024;

export class Services {
  readonly #byKey: ReadonlyMap<string, ServiceConfig>;
  readonly #marks: readonly MarkConfig[];

  constructor(services: readonly ServiceConfig[], marks: readonly MarkConfig[] = []) {
    this.#byKey = new Map(services.map((config) => [keyOf(config), config]));
    this.#marks = marks;
  }

  /** The mark's first, then the exact port's, then FTP's for the ports of its data connections, then port 0. */
  find(packet: Packet, hasFtp: boolean): ServiceConfig | null {
    const { protocol, destination, dport } = packet;
    const marked = this.#byKey.get(`fwmark ${destination.length} ${findMark(this.#marks, packet)}`);
    if (marked !== undefined) return marked;
    const ftp = hasFtp && protocol === 6 && (dport === FTP_DATA || dport >= FIRST_HIGH_PORT);
    for (const port of ftp ? [dport, FTP, 0] : [dport, 0]) {
      const service = this.#byKey.get(key(protocol, destination, port));
      if (service !== undefined) return service;
    }
    return null;
  }
}

function key(protocol: number, address: Buffer, port: number): string {
  return `${protocol} ${address.toString('hex')} ${port}`;
}

function keyOf({ protocol, address, port, mark }: ServiceConfig): string {
  const bytes = addressBytes(address);
  return protocol === 'fwmark' ? `fwmark ${bytes.length} ${mark}` : key(PROTOCOL[protocol], bytes, port);
}
