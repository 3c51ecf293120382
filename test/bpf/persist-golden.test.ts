/**
 * The decisions of the real IPVS for persistent services, packet by packet
 * through the loaded program, and the templates that it listed in the end.
 */
import { readFileSync } from 'node:fs';
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

const TRACES = readTraces('persist').map((trace): [string, Trace] => [trace.name, trace]);

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());
beforeEach(() => plane.reset({ services: [], nextHops: [], interfaces: [] }));

test('the traces are there', () => {
  expect(TRACES).toHaveLength(7);
});

test.each(TRACES)('%s', (name, trace) => {
  const compiled = new CompiledPlane(plane);
  for (const command of commandsOf(trace)) compiled.do(command);
  const openings = trace.steps.filter((step) => step.do === 'open');
  for (const [index, step] of trace.steps.entries()) {
    if (step.do === 'ipvsadm') compiled.do(commandOf(trace, step.args));
    if (step.do === 'open') {
      expect(loads(compiled, step.before), `before step ${index}`).toEqual(step.before);
      expect(open(compiled, step), `step ${index}`).toBe(step.chosen);
    }
    if (step.do === 'close') {
      const opened = openings.find(({ conn }) => conn === step.conn)!;
      compiled.chosen(packet(opened, 'F.'));
      expect(loads(compiled, step.after), `after step ${index}`).toEqual(step.after);
    }
    if (step.do === 'wait') {
      plane.advance(step.seconds);
      plane.sweep();
      plane.sweepTemplates();
    }
  }
  expect(templates()).toEqual(recordedTemplates(name));
});

/** Three packets make a TCP connection established, as the recording's were. */
function open(compiled: CompiledPlane, step: Opening): string | null {
  const chosen = compiled.chosen(packet(step, 'S'));
  if (chosen !== null) expect(compiled.chosen(packet(step, '.'))).toBe(chosen);
  return chosen;
}

function packet({ src, dst, sport, dport }: Opening, flags: string): Buffer {
  return arriving().ipv4({ src, dst }).tcp({ sport, dport, flags }).build();
}

function loads(compiled: CompiledPlane, like: readonly ServerLoad[]): ServerLoad[] {
  return like.map(({ addr, weight }) => ({ addr, weight, ...compiled.live(addr) }));
}

/** Client and state of each: `C0A8010A ASSURED`. */
function templates(): string[] {
  const name = ({ key, value }: ReturnType<DataPlane['templates']>[number]): string => {
    const client = (key.client.word[0] ?? 0).toString(16).toUpperCase().padStart(8, '0');
    return `${client} ${value.flags & 1 ? 'ASSURED' : 'NONE'}`;
  };
  return plane.templates().map(name).sort();
}

/** Those of a client without a port; what IPVS has put out of use has port FFFF. */
function recordedTemplates(name: string): string[] {
  const text = readFileSync(new URL(`../golden/persist/${name}.json`, import.meta.url), 'utf8');
  const { connections } = JSON.parse(text) as { connections: readonly string[] };
  return connections
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , port, , virtualPort]) => port === '0000' && virtualPort !== 'FFFF')
    .map(([, client, , , , , , state]) => `${client} ${state}`)
    .sort();
}
