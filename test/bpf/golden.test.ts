/**
 * The decisions of the real IPVS (Linux 6.1), packet by packet through the
 * loaded program, configured by the commands that an operator would give.
 * Traces with connection thresholds are left to the core's own test: the data
 * plane has none.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Command } from '../../src/core/model/command.ts';
import type { Address, SchedulerName, ServiceKey } from '../../src/core/model/model.ts';
import { CompiledPlane } from './compiled.ts';
import { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';

interface Step {
  readonly src: string;
  readonly sport: number;
  readonly dst: string;
  readonly dport: number;
  readonly chosen: string | null;
}

interface Trace {
  readonly name: string;
  /** ipvsadm's arguments, like `-A -t 10.0.0.100:80 -s rr`. */
  readonly service: string;
  readonly dests_in_order_added: readonly { readonly w: number; readonly u?: number }[];
  readonly kernel_list_order: readonly string[];
  readonly steps: readonly Step[];
}

const FOLDER = new URL('../golden/sched/', import.meta.url);
const TRACES = readdirSync(FOLDER)
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Trace)
  .filter((trace) => trace.dests_in_order_added.every(({ u = 0 }) => u === 0))
  .map((trace): [string, Trace] => [trace.name, trace]);

let plane: DataPlane;
beforeEach(() => {
  plane = DataPlane.load();
});
afterEach(() => plane.close());

test.each(TRACES)('%s', (_, trace) => {
  const compiled = new CompiledPlane(plane);
  for (const command of commandsOf(trace)) compiled.do(command);
  const choices = trace.steps.map((step) => compiled.chosen(opening(trace, step)));
  expect(choices).toEqual(trace.steps.map(({ chosen }) => chosen));
});

test('the traces are there', () => {
  expect(TRACES.length).toBeGreaterThanOrEqual(20);
});

function opening(trace: Trace, { src, dst, sport, dport }: Step): Buffer {
  const packet = src.includes(':') ? arriving().ipv6({ src, dst }) : arriving().ipv4({ src, dst });
  return (trace.service.includes('-u') ? packet.udp({ sport, dport }) : packet.tcp({ sport, dport })).build();
}

function commandsOf(trace: Trace): Command[] {
  const service = serviceOf(trace);
  const addresses = trace.kernel_list_order.toReversed(); // newest first
  const scheduler = option(trace, '-s') as SchedulerName;
  const flags = option(trace, '-b')?.split(',') ?? [];
  const options = { port: flags.includes('mh-port'), fallback: flags.includes('mh-fallback') };
  return [
    { type: 'service.add', service: { ...service, scheduler, options } },
    ...trace.dests_in_order_added.map(({ w }, index): Command => {
      const server = { address: addresses[index] as Address, port: service.port, weight: w };
      return { type: 'server.add', service, server };
    }),
  ];
}

function serviceOf(trace: Trace): ServiceKey {
  const udp = option(trace, '-u');
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(udp ?? option(trace, '-t') ?? '');
  if (match === null) throw new Error(`${trace.name}: no service in "${trace.service}"`);
  return { protocol: udp === undefined ? 'tcp' : 'udp', address: match[1] as Address, port: Number(match[2]) };
}

/** The word behind an option. */
function option(trace: Trace, name: string): string | undefined {
  const words = trace.service.split(' ');
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}
