/** Names of hosts and ports, as the C library's databases have them. */
import { lookup, lookupService } from 'node:dns/promises';

export type NamedProtocol = 'tcp' | 'udp' | 'sctp';

export interface Names {
  /** First IPv4 address of a host; undefined: it has none. (ipvsadm never looks for IPv6 addresses.) */
  hostAddress(name: string): Promise<string | undefined>;
  /** Name of an address; undefined: it has none. */
  hostName(address: string): Promise<string | undefined>;
  /** Port of a service's name or alias, host order. */
  servicePort(name: string, protocol: NamedProtocol): Promise<number | undefined>;
  serviceName(port: number, protocol: NamedProtocol): Promise<string | undefined>;
}

interface ServiceLine {
  readonly names: readonly string[];
  readonly port: number;
  readonly protocol: string;
}

/** The machine's own: `/etc/services`, and the resolver behind `node:dns`. */
export class SystemNames implements Names {
  readonly #readFile: (path: string) => Promise<string>;
  readonly #hostNames = new Map<string, Promise<string | undefined>>();
  #services: Promise<readonly ServiceLine[]> | undefined;

  constructor(readFile: (path: string) => Promise<string>) {
    this.#readFile = readFile;
  }

  async hostAddress(name: string): Promise<string | undefined> {
    if (name === '') return undefined;
    const found = await lookup(name, { family: 4 }).catch(() => undefined);
    return found?.family === 4 ? found.address : undefined; // fe80::1%eth0 answers with itself, whatever was asked
  }

  /** Asked once for each address: a listing of connections repeats them. */
  hostName(address: string): Promise<string | undefined> {
    const known = this.#hostNames.get(address);
    if (known !== undefined) return known;
    const asked = lookupService(address, 0).then(
      ({ hostname }) => hostname,
      () => undefined,
    );
    this.#hostNames.set(address, asked);
    return asked;
  }

  async servicePort(name: string, protocol: NamedProtocol): Promise<number | undefined> {
    return (await this.#loadServices()).find((line) => line.protocol === protocol && line.names.includes(name))?.port;
  }

  async serviceName(port: number, protocol: NamedProtocol): Promise<string | undefined> {
    return (await this.#loadServices()).find((line) => line.protocol === protocol && line.port === port)?.names[0];
  }

  #loadServices(): Promise<readonly ServiceLine[]> {
    // Without the file there are no names: the C library says the same.
    this.#services ??= this.#readFile('/etc/services').then(parseServices, () => []);
    return this.#services;
  }
}

/** Lines `name port/protocol alias... # comment`; others are passed over. */
export function parseServices(text: string): readonly ServiceLine[] {
  return text.split('\n').flatMap((line) => {
    const [name, where, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const match = /^(\d+)\/(\S+)$/.exec(where ?? '');
    if (name === undefined || match === null) return [];
    return [{ names: [name, ...aliases], port: Number(match[1]), protocol: match[2] ?? '' }];
  });
}
