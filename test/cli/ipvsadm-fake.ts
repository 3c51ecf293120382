/** A director in memory: core's model, with the counters that a test gives it. */
import type { Connection } from '../../src/api/protocol/connections.ts';
import type { ServerReport, ServiceReport } from '../../src/api/protocol/services.ts';
import { keyReport, syncDaemonsReport } from '../../src/api/protocol/wire.ts';
import type { IpvsBackend, Refusal } from '../../src/cli/ipvsadm/backend.ts';
import { ipvsadm } from '../../src/cli/ipvsadm/main.ts';
import type { Names } from '../../src/cli/ipvsadm/names.ts';
import { applyCommands, emptyModel } from '../../src/core/model/apply-command.ts';
import type { Command } from '../../src/core/model/command.ts';
import type { RealServer, ServiceKey, VirtualService } from '../../src/core/model/model.ts';
import { effectiveWeight } from '../../src/core/model/server.ts';
import { formatServiceKey, parseServiceKey, serverKeyText, serviceKeyText } from '../../src/core/model/service-key.ts';
import type { Counters } from './ipvsadm-numbers.ts';

export class FakeBackend implements IpvsBackend {
  connectionList: readonly Connection[] = [];
  /** How many commands each request had. */
  readonly requests: number[] = [];
  readonly #counters = new Map<string, Counters>();
  #model = emptyModel;

  /** Names are as in a table: `TCP 10.0.0.1:80`, and for its real servers `TCP 10.0.0.1:80 10.0.0.11:80`. */
  count(counters: ReadonlyMap<string, Partial<Counters>>): void {
    for (const [name, counted] of counters) this.#counters.set(name, { ...this.#counted(name), ...counted });
  }

  async services(key?: ServiceKey): Promise<readonly ServiceReport[]> {
    const all = [...this.#model.services.values()];
    const wanted =
      key === undefined ? all : all.filter((service) => serviceKeyText(service.key) === serviceKeyText(key));
    return wanted.map((service) => this.#serviceReport(service));
  }

  async *connections(): AsyncGenerator<readonly Connection[], boolean> {
    yield this.connectionList;
    return false;
  }

  async execute(commands: readonly Command[]): Promise<Refusal | undefined> {
    this.requests.push(commands.length);
    const unknown = commands.find(
      (command) => command.type === 'sync.start' && !INTERFACES.includes(command.daemon.interface),
    );
    if (unknown !== undefined)
      return { code: 'no-such-interface', message: '', path: '', index: commands.indexOf(unknown) };
    const applied = applyCommands(this.#model, commands);
    if ('error' in applied) return { ...applied.error, index: applied.index };
    this.#model = applied.model;
    return undefined;
  }

  async zero(key?: ServiceKey): Promise<Refusal | undefined> {
    const services = await this.services(key);
    if (key !== undefined && services.length === 0) {
      return { code: 'no-such-service', message: '', path: '', index: undefined };
    }
    const names = services.map(({ name }) => tableName(parseServiceKey(name) as ServiceKey));
    for (const [name, counted] of this.#counters) {
      if (names.some((service) => name === service || name.startsWith(`${service} `))) {
        this.#counters.set(name, { ...counted, totals: NOTHING.totals });
      }
    }
    return undefined;
  }

  async tableSize(): Promise<number> {
    return 4096;
  }

  async syncDaemons() {
    return syncDaemonsReport(this.#model.syncDaemons);
  }

  async timeouts() {
    return this.#model.timeouts;
  }

  #counted(name: string): Counters {
    return this.#counters.get(name) ?? NOTHING;
  }

  #serviceReport({ key, scheduler, options, persistence, onePacket, engine, servers }: VirtualService): ServiceReport {
    return {
      ...keyReport(key),
      ...this.#counted(tableName(key)),
      name: formatServiceKey(key),
      id: 0,
      scheduler,
      options: { port: options.port, fallback: options.fallback, ring_size: options.ringSize },
      persistence: persistence && { timeout_s: persistence.timeout, netmask: persistence.netmask },
      one_packet: onePacket,
      engine,
      limits: null,
      state: 'up',
      servers_up: servers.length,
      servers_total: servers.length,
      unrecorded_until: null,
      origin: 'command',
      servers: servers.map((server) => this.#serverReport(tableName(key), server)),
    };
  }

  #serverReport(service: string, server: RealServer): ServerReport {
    return {
      ...server.key,
      ...this.#counted(`${service} ${serverKeyText(server.key)}`),
      id: 0,
      method: server.method,
      encapsulation: server.encapsulation ?? null,
      weight: { configured: server.weight, admin: null, effective: effectiveWeight(server) },
      state: { effective: 'up', admin: null, since: null },
      origin: 'command',
      upper_threshold: server.upperThreshold,
      lower_threshold: server.lowerThreshold,
      next_hop: { interface: null, gateway: null, mac: null, mtu: null, neighbour: null, reason: null },
    };
  }
}

/** Those of the machine on which the golden outputs were made. */
const INTERFACES = ['lo', 'eth0'];

function tableName(key: ServiceKey): string {
  if (key.protocol === 'fwmark') return `FWM ${key.mark}${key.family === 6 ? ' IPv6' : ''}`;
  return `${key.protocol.toUpperCase()} ${serverKeyText(key)}`;
}

export const NOTHING: Counters = {
  persistent_connections: 0,
  connections: { active: 0, inactive: 0 },
  totals: {
    connections_total: 0,
    packets_in_total: 0,
    packets_out_total: 0,
    bytes_in_total: 0,
    bytes_out_total: 0,
  },
  rates: {
    connections_per_s: 0,
    packets_in_per_s: 0,
    packets_out_per_s: 0,
    bytes_in_per_s: 0,
    bytes_out_per_s: 0,
  },
};

/** The names that the machine had on which the golden outputs were made. */
const GOLDEN_NAMES: Names = {
  hostAddress: async (name) => ({ 'www.example.com': '10.0.0.100', 'rs1.example.com': '10.0.0.11' })[name],
  hostName: async (address) =>
    ({
      '10.0.0.100': 'www.example.com',
      '10.0.0.11': 'rs1.example.com',
      '10.0.0.12': 'rs2.example.com',
      'fd00::11': 'rs1.example.com',
      '192.168.1.10': 'client.example.com',
    })[address],
  servicePort: async (name, protocol) => PORTS.find(([text, , of]) => text === name && of.includes(protocol))?.[1],
  serviceName: async (port, protocol) => PORTS.find(([, number, of]) => number === port && of.includes(protocol))?.[0],
};

const PORTS: readonly (readonly [name: string, port: number, protocols: readonly string[]])[] = [
  ['http', 80, ['tcp']],
  ['https', 443, ['tcp', 'udp']],
  ['http-alt', 8080, ['tcp', 'udp']],
  ['sip', 5060, ['tcp', 'udp']],
];

export interface Outcome {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line whose first word is the program. */
export async function run(
  argv: readonly string[],
  backend: IpvsBackend,
  { names = GOLDEN_NAMES, stdin = '' }: { names?: Names; stdin?: string } = {},
): Promise<Outcome> {
  const [program = '', ...args] = argv;
  const text = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (more: string) => {
      text[name] += more;
      return true;
    },
  });
  const { signal } = new AbortController();
  const env = { program, stdout: output('stdout'), stderr: output('stderr'), readStdin: async () => stdin, signal };
  const rc = await ipvsadm(args, env, backend, names);
  return { rc, ...text };
}
