/** What `xlb simulate` has found, from what it was asked. */
import { hostname } from 'node:os';
import { parseServerName } from '../../api/protocol/endpoint.ts';
import type { SimulationReport } from '../../api/protocol/simulation.ts';
import { addressFamily, addressFromWords, type Family } from '../../core/model/address.ts';
import type { CommandError, ServerSpec, ServiceSpec } from '../../core/model/command.ts';
import { defaultOptions } from '../../core/model/make.ts';
import type { Address, ServerKey } from '../../core/model/model.ts';
import { heedsDestination } from '../../core/model/schedulers.ts';
import { serverKeyText } from '../../core/model/service-key.ts';
import { type Change, type Distribution, type Scenario, simulate } from '../../core/simulation/simulate.ts';
import { parseTrace, type TraceFlow } from '../../core/simulation/trace.ts';
import { drawFlows, paced, type Traffic } from '../../core/simulation/traffic.ts';
import type { Env } from '../env.ts';
import { readText } from '../read-text.ts';
import { schedulerOptions } from '../scheduler-options.ts';
import type { SimulateOptions } from '../simulate.ts';
import { ProblemError, UsageError } from '../usage.ts';

const FLOWS = 100_000;
/** Where the destination decides, one would be sent to one real server. */
const DESTINATIONS = 256;
/** Faults of a trace that are told; the rest is counted. */
const MAX_FAULTS = 20;

/** Addresses where none are named. The virtual one is for documentation. */
const VIRTUAL = { 4: '192.0.2.10', 6: '2001:db8::10' } as unknown as Record<Family, Address>;
const DEFAULT_PORT = 80;

/** Throws UsageError and ProblemError. */
export async function simulated(env: Env, options: SimulateOptions): Promise<SimulationReport> {
  checkOptions(options);
  const named = options.servers === undefined ? null : serversOf(options.servers);
  const trace = options.trace === undefined ? null : await readTrace(env, options.trace, named);
  const family = named === null ? (trace?.family ?? 4) : addressFamily(named[0]!.address);
  const scenario = scenarioOf(options, named ?? defaultServers(options.weights.length, family), family);
  const flows = trace?.flows ?? draw(options, family);
  const { rate, duration, seed } = options;
  const traffic = paced(flows, VIRTUAL[family], { rate, duration }, seed);
  const result = simulate(scenario, traffic, seed);
  if ('code' in result) throw new UsageError(refusalText(result));
  return {
    schema: 'xlb/1/simulation',
    time: new Date(env.now()).toISOString(),
    host: hostname(),
    ...wordsOf(scenario.service),
    traffic: trafficReport(options, flows, traffic),
    before: distributionReport(result.before),
    change: result.change && changeReport(result.change, traffic.arrivals.length),
  };
}

function checkOptions({ trace, remove, removeBy, ...options }: SimulateOptions): void {
  const drawn = (['flows', 'clients', 'destinations'] as const).find((name) => options[name] !== undefined);
  if (trace !== undefined && drawn !== undefined) {
    throw new UsageError(`--trace and --${drawn}: the trace says itself which connections there are.`);
  }
  if (removeBy !== undefined && remove === undefined) throw new UsageError('--remove-by needs --remove.');
  const { servers, weights } = options;
  if (servers !== undefined && servers.length !== weights.length) {
    throw new UsageError(`--servers: found ${servers.length}, expected ${weights.length}, one for each of --weights.`);
  }
}

/** The port of the first, or 80, is the service's. */
function serversOf(names: readonly string[]): ServerKey[] {
  let port: number | undefined;
  return names.map((name) => {
    const service = { protocol: 'tcp', address: VIRTUAL[4], port: port ?? DEFAULT_PORT } as const;
    const key = parseServerName(name, service);
    if (key === undefined) {
      throw new UsageError(
        `--servers: found '${name}', expected one like 10.0.0.11, 10.0.0.11:80 or [2001:db8::11]:80.`,
      );
    }
    port ??= key.port;
    return key;
  });
}

function defaultServers(count: number, family: Family): ServerKey[] {
  const addressAt = (i: number) =>
    family === 4 ? addressFromWords(4, [0x0a000001 + i]) : addressFromWords(6, [0x20010db8, 0, 0, 0x10001 + i]);
  return Array.from({ length: count }, (_, i) => ({ address: addressAt(i), port: DEFAULT_PORT }));
}

async function readTrace(env: Env, file: string, servers: readonly ServerKey[] | null) {
  const { name, text } = await readText(env, file);
  const trace = parseTrace(text, servers === null ? null : addressFamily(servers[0]!.address));
  if (trace.faults.length === 0) return trace;
  const lines = trace.faults
    .slice(0, MAX_FAULTS)
    .map(({ line, column, found, expected }) => `${name}:${line}:${column}: found ${found}, expected ${expected}`);
  const left = trace.faults.length - MAX_FAULTS;
  if (left > 0) lines.push(`${name}: ${left} more lines with faults`);
  throw new ProblemError(lines.join('\n'));
}

function draw({ scheduler, flows, clients, destinations, seed }: SimulateOptions, family: Family): TraceFlow[] {
  const goals = scheduler !== undefined && heedsDestination(scheduler) ? DESTINATIONS : 1;
  const crowd = { flows: flows ?? FLOWS, clients: clients ?? null, destinations: destinations ?? goals, family };
  return drawFlows(crowd, seed);
}

function scenarioOf(options: SimulateOptions, keys: readonly ServerKey[], family: Family): Scenario {
  const { weights, scheduler = 'mh', remove, removeBy } = options;
  const servers = keys.map((key, i): ServerSpec => ({ ...key, weight: weights[i]! }));
  const key = { protocol: 'tcp', address: VIRTUAL[family], port: keys[0]!.port } as const;
  const service: ServiceSpec = { ...key, scheduler, options: schedulerOptions(options, scheduler) };
  const server = remove === undefined ? null : removedOf(remove, servers, key);
  return { service, servers, removed: server && { server, by: removeBy ?? 'delete' } };
}

function removedOf(text: string, servers: readonly ServerSpec[], service: Parameters<typeof parseServerName>[1]) {
  const key = parseServerName(text, service);
  const isSame = ({ address, port }: ServerSpec) => address === key?.address && port === key.port;
  const found = /^\d+$/.test(text) ? servers[Number(text) - 1] : servers.find(isSame);
  if (found !== undefined) return found;
  const names = `${serverKeyText(servers[0]!)}${servers.length > 1 ? ' ...' : ''}`;
  throw new UsageError(`--remove: found '${text}', expected a number from 1 to ${servers.length}, or one of ${names}.`);
}

/** With the option that it is about. */
function refusalText({ path, message }: CommandError): string {
  if (path.endsWith('ringSize')) return `--mh-size: ${message}`;
  return path.startsWith('server') && !path.startsWith('service') ? `--servers: ${message}` : message;
}

function wordsOf({ scheduler = 'mh', options }: ServiceSpec): Pick<SimulationReport, 'scheduler' | 'options'> {
  const { port, fallback, ringSize } = { ...defaultOptions, ...options };
  return { scheduler, options: { port, fallback, ring_size: ringSize } };
}

function trafficReport(
  { trace, seed, rate, duration }: SimulateOptions,
  flows: readonly TraceFlow[],
  { arrivals }: Traffic,
): SimulationReport['traffic'] {
  return {
    trace: trace ?? null,
    seed,
    connections_total: arrivals.length,
    clients_total: new Set(arrivals.map(({ source }) => source)).size,
    destinations_total: new Set(arrivals.map(({ destination }) => destination)).size,
    connections_per_s: flows[0]!.at === null ? rate : null,
    duration_s: flows.every(({ lasts }) => lasts !== null) ? null : Number.isFinite(duration) ? duration : 'forever',
  };
}

function distributionReport({ servers, placed, refused, skew }: Distribution): SimulationReport['before'] {
  return {
    skew,
    placed_total: placed,
    refused_total: refused,
    servers: servers.map(({ key, weight, fair, share, ratio, connections, peak }) => ({
      ...key,
      weight,
      fair_share: fair,
      share,
      ratio,
      connections_total: connections,
      active_peak: peak,
    })),
  };
}

function changeReport({ server, by, after, moved, unavoidable }: Change, total: number): SimulationReport['change'] {
  return {
    removed: { address: server.address, port: server.port },
    by,
    moved_share: moved / total,
    moved_total: moved,
    unavoidable_share: unavoidable / total,
    unavoidable_total: unavoidable,
    after: distributionReport(after),
  };
}
