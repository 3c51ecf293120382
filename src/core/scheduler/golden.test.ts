/**
 * The decisions of the real IPVS (Linux 6.1), replayed: which real server each
 * new connection got, with the connections that every server had at that moment.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { applyCommands, emptyModel } from '../model/apply-command.ts';
import type { Command } from '../model/command.ts';
import type { Address, RealServer, SchedulerName, VirtualService } from '../model/model.ts';
import { isOverloaded } from './overload.ts';
import { afterEdit, choose, initialState, type SchedulerState } from './scheduler.ts';

interface Load {
  addr: string;
  weight: number;
  active: number;
  inactive: number;
}

/** A connection that closes has none of the rest. */
interface Step {
  do: 'open' | 'close';
  src: string;
  sport: number;
  dst: string;
  dport: number;
  before: Load[];
  chosen?: string | null;
}

interface Trace {
  name: string;
  /** ipvsadm's arguments. */
  service: string;
  dests_in_order_added: { rs: number; w: number; u?: number; l?: number }[];
  kernel_list_order: string[];
  steps: Step[];
}

const folder = new URL('../../../test/golden/sched/', import.meta.url);
const traces = readdirSync(folder).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Trace);

/** What ipvsadm would send to set up the service of a trace. */
function commandsOf(trace: Trace): Command[] {
  const words = trace.service.split(' ');
  const after = (...options: string[]) => words[words.findIndex((word) => options.includes(word)) + 1]!;
  const [, address, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(after('-t', '-u'))!;
  const flags = words.includes('-b') ? after('-b').split(',') : [];
  const protocol = words.includes('-t') ? 'tcp' : 'udp';
  const key = { protocol, address: address as Address, port: Number(port) } as const;
  const options = { port: flags.includes('mh-port'), fallback: flags.includes('mh-fallback') };
  const addresses = trace.kernel_list_order.toReversed();
  return [
    { type: 'service.add', service: { ...key, scheduler: after('-s') as SchedulerName, options } },
    ...trace.dests_in_order_added.map(({ w, u = 0, l = 0 }, i) => {
      const server = {
        address: addresses[i] as Address,
        port: key.port,
        weight: w,
        upperThreshold: u,
        lowerThreshold: l,
      };
      return { type: 'server.add', service: key, server } as const;
    }),
  ];
}

/** The service after the commands, and its scheduler, which saw them one by one. */
function setUp(commands: readonly Command[]): [VirtualService, SchedulerState] {
  const services = commands.map((_, i) => {
    const applied = applyCommands(emptyModel, commands.slice(0, i + 1));
    if ('error' in applied) throw new Error(applied.error.message);
    return [...applied.model.services.values()][0]!;
  });
  const state = services.reduce(
    (state, service, i) => afterEdit(services[Math.max(0, i - 1)]!, service, state),
    initialState(services[0]!),
  );
  return [services.at(-1)!, state];
}

function replay(trace: Trace): (string | null | undefined)[] {
  const overloaded = new Map<RealServer, boolean>();
  const [service, initial] = setUp(commandsOf(trace));
  let state = initial;
  return trace.steps.map((step) => {
    if (step.do === 'close') return undefined;
    expect(step.before.map(({ addr }) => addr)).toEqual(service.servers.map(({ key }) => key.address));
    const update = (server: RealServer, more: number) => {
      const { active, inactive } = step.before[service.servers.indexOf(server)]!;
      overloaded.set(server, isOverloaded(server, active + inactive + more, overloaded.get(server) ?? false));
    };
    for (const server of service.servers) update(server, 0);
    const flow = { source: step.src as Address, sourcePort: step.sport };
    const [server, next] = choose(service, state, flow, (candidate) => overloaded.get(candidate)!);
    state = next;
    if (server !== null) update(server, 1);
    return server?.key.address ?? null;
  });
}

test('all traces of these schedulers are here', () => {
  expect(traces.map(({ name }) => name)).toHaveLength(24);
});

describe.each(traces)('$name', (trace) => {
  test('every connection goes where IPVS sent it', () => {
    expect(replay(trace)).toEqual(trace.steps.map(({ chosen }) => chosen));
  });
});
