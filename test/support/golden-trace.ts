/**
 * The recorded decisions of the real IPVS (test/golden/sched, persist) and the commands
 * that lead there. For tests.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from '../../src/core/model/command.ts';
import type { Address, SchedulerName, ServiceKey } from '../../src/core/model/model.ts';
import type { Flow } from '../../src/core/scheduler/flow.ts';

export interface ServerLoad {
  readonly addr: string;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
}

export interface Opening {
  readonly do: 'open';
  readonly conn: number;
  readonly src: string;
  readonly sport: number;
  readonly dst: string;
  readonly dport: number;
  /** In the kernel's list order. */
  readonly before: readonly ServerLoad[];
  readonly chosen: string | null;
}

export type Step =
  | Opening
  | { readonly do: 'close'; readonly conn: number; readonly after: readonly ServerLoad[] }
  /** Like `-e -t 10.0.0.100:80 -r 10.0.0.13:80 -g -w 0`. */
  | { readonly do: 'ipvsadm'; readonly args: string }
  | { readonly do: 'wait'; readonly seconds: number; readonly after: readonly ServerLoad[] };

export interface Trace {
  readonly name: string;
  /** ipvsadm's arguments, like `-A -t 10.0.0.100:80 -s rr`. */
  readonly service: string;
  readonly dests_in_order_added: readonly { readonly w: number; readonly u?: number; readonly l?: number }[];
  readonly kernel_list_order: readonly string[];
  readonly steps: readonly Step[];
}

/** `folder`: of test/golden. */
export function readTraces(folder = 'sched'): Trace[] {
  const place = new URL(`../golden/${folder}/`, import.meta.url);
  return readdirSync(place).map((name) => {
    const trace = JSON.parse(readFileSync(new URL(name, place), 'utf8')) as Trace;
    return { ...trace, steps: withoutOldFormula(trace) };
  });
}

/**
 * `wlc-overhead` is of a kernel that counts the load of wlc as 256 * active +
 * inactive. What newer ones (and this project) choose there is recorded, too.
 */
function withoutOldFormula({ name, steps }: Trace): readonly Step[] {
  if (name !== 'wlc-overhead') return steps;
  const openings = steps.filter((step) => step.do === 'open');
  return steps.slice(0, steps.indexOf(openings.at(-2)!));
}

export function serviceOf(trace: Trace): ServiceKey {
  const mark = option(trace, '-f');
  if (mark !== undefined) return { protocol: 'fwmark', family: 4, mark: Number(mark) };
  const udp = option(trace, '-u');
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(udp ?? option(trace, '-t') ?? '');
  if (match === null) throw new Error(`${trace.name}: no service in "${trace.service}"`);
  return { protocol: udp === undefined ? 'tcp' : 'udp', address: match[1] as Address, port: Number(match[2]) };
}

/** The recording's firewall gave the mark to TCP packets for port 80 of these addresses. */
const MARKED = { destination: { address: '10.0.1.0' as Address, length: 24 }, ports: [{ first: 80, last: 80 }] };
const MARKED_PORT = 80;

function portOf(service: ServiceKey): number {
  return service.protocol === 'fwmark' ? MARKED_PORT : service.port;
}

/** What sets up the service and its real servers, one by one. */
export function commandsOf(trace: Trace): Command[] {
  const service = serviceOf(trace);
  const flags = option(trace, '-b')?.split(',') ?? [];
  const scheduler = option(trace, '-s') as SchedulerName;
  const has = (name: string) => flags.includes(`${scheduler}-${name}`);
  const timeout = option(trace, '-p');
  const persistence = timeout === undefined ? null : { timeout: Number(timeout) };
  const addresses = trace.kernel_list_order.toReversed(); // newest first
  const rule: Command[] =
    service.protocol === 'fwmark'
      ? [{ type: 'mark.add', rule: { ...MARKED, protocols: ['tcp'], mark: service.mark } }]
      : [];
  return [
    {
      type: 'service.add',
      service: { ...service, scheduler, options: { port: has('port'), fallback: has('fallback') }, persistence },
    },
    ...trace.dests_in_order_added.map(({ w, u = 0, l = 0 }, i): Command => {
      const server = { address: addresses[i] as Address, port: portOf(service), weight: w };
      return { type: 'server.add', service, server: { ...server, upperThreshold: u, lowerThreshold: l } };
    }),
    ...rule,
  ];
}

/** The edit of a weight, or the deletion of a real server, that a step makes. */
export function commandOf(trace: Trace, args: string): Command {
  const gone = /^-d .* -r ([\d.]+):\d+$/.exec(args);
  if (gone !== null) {
    const service = serviceOf(trace);
    return { type: 'server.delete', service, server: { address: gone[1] as Address, port: portOf(service) } };
  }
  const match = /-r ([\d.]+):\d+ -g -w (\d+)$/.exec(args);
  if (match === null || !args.startsWith('-e ')) throw new Error(`${trace.name}: cannot read "${args}"`);
  const service = serviceOf(trace);
  const server = { address: match[1] as Address, port: portOf(service), weight: Number(match[2]) };
  return { type: 'server.edit', service, server };
}

export function flowOf({ src, sport, dst }: Opening): Flow {
  return { source: src as Address, sourcePort: sport, destination: dst as Address };
}

/** The word behind an option of the service. */
function option(trace: Trace, name: string): string | undefined {
  const words = trace.service.split(' ');
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}
