/** Services by what their packets are addressed to. */
import { addressBytes } from '../../support/packet-bytes.ts';
import { PROTOCOL } from '../../support/packet-layers.ts';
import type { ServiceConfig } from '../world.ts';
import type { Packet } from './read-packet.ts';

const FTP = 21;
const FTP_DATA = 20;
const FIRST_HIGH_PORT = 1024;

export class Services {
  readonly #byKey: ReadonlyMap<string, ServiceConfig>;

  constructor(services: readonly ServiceConfig[]) {
    this.#byKey = new Map(services.map((config) => [keyOf(config), config]));
  }

  /** Exact port first, then FTP's service for the ports of its data connections, then port 0. */
  find({ protocol, destination, dport }: Packet, hasFtp: boolean): ServiceConfig | null {
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

function keyOf({ protocol, address, port }: ServiceConfig): string {
  return key(PROTOCOL[protocol], addressBytes(address), port);
}
