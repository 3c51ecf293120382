/**
 * The decisions of the real IPVS, packet by packet through the loaded program,
 * configured by the commands that an operator would give. Before each connection
 * every server has the connections that the kernel counted.
 *
 * NAT and tunnels send connections where DR does; their
 * packets have tests of their own.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  commandOf,
  commandsOf,
  type Opening,
  readTraces,
  type ServerLoad,
  type Trace,
} from '../support/golden-trace.ts';
import { CompiledPlane } from './compiled.ts';
import { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';

/** twos draws at random: schedulers.test.ts measures what it draws. */
const TRACES = readTraces()
  .filter(({ name }) => name !== 'twos')
  .map((trace): [string, Trace] => [trace.name, trace]);

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());
beforeEach(() => plane.reset({ services: [], nextHops: [], interfaces: [] }));

test.each(TRACES)('%s', (_, trace) => {
  const compiled = new CompiledPlane(plane);
  for (const command of commandsOf(trace)) compiled.do(command);
  const openings = trace.steps.filter((step) => step.do === 'open');
  for (const [index, step] of trace.steps.entries()) {
    if (step.do === 'ipvsadm') {
      compiled.do(commandOf(trace, step.args));
    }
    if (step.do === 'open') {
      expect(loads(compiled, step.before), `before step ${index}`).toEqual(step.before);
      expect(open(compiled, trace, step), `step ${index}`).toBe(step.chosen);
    }
    if (step.do === 'close') {
      const opened = openings.find(({ conn }) => conn === step.conn)!;
      compiled.chosen(packet(trace, opened, 'F.'));
      expect(loads(compiled, step.after), `after step ${index}`).toEqual(step.after);
    }
  }
});

test('the traces are there', () => {
  expect(TRACES).toHaveLength(74);
});

/** Three packets make a TCP connection established, as the recording's were; a refused one sends no more. */
function open(compiled: CompiledPlane, trace: Trace, step: Opening): string | null {
  const chosen = compiled.chosen(packet(trace, step, 'S'));
  if (chosen !== null && !isUdp(trace)) expect(compiled.chosen(packet(trace, step, '.'))).toBe(chosen);
  return chosen;
}

function packet(trace: Trace, { src, dst, sport, dport }: Opening, flags: string): Buffer {
  const ip = src.includes(':') ? arriving().ipv6({ src, dst }) : arriving().ipv4({ src, dst });
  return (isUdp(trace) ? ip.udp({ sport, dport }) : ip.tcp({ sport, dport, flags })).build();
}

function loads(compiled: CompiledPlane, like: readonly ServerLoad[]): ServerLoad[] {
  return like.map(({ addr, weight }) => ({ addr, weight, ...compiled.live(addr) }));
}

function isUdp({ service }: Trace): boolean {
  return service.includes('-u ');
}
