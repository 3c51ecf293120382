import { describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from '../model/apply-command.ts';
import { parsePorts } from '../model/mark-rule.ts';
import type { Marks } from '../model/marks.ts';
import { parsePrefix } from '../model/prefix.ts';
import { adoptedMarks, crowdedMap, elementsByKey, type MarkState, markOperations, planMarks } from './mark-plan.ts';
import { QUARANTINE_MS } from './pools.ts';

function marksOf(...rules: [destination: string, ports: string, mark: number, source?: string][]): Marks {
  const applied = applyCommands(
    emptyModel,
    rules.map(([destination, ports, mark, source]) => ({
      type: 'mark.add',
      rule: {
        destination: parsePrefix(destination)!,
        source: source === undefined ? null : parsePrefix(source),
        protocols: ['tcp'],
        ports: parsePorts(ports)!,
        mark,
      },
    })),
  );
  if ('error' in applied) throw new Error(applied.error.message);
  return applied.model.marks;
}

const NONE = adoptedMarks(new Map());
const ONE = marksOf(['192.0.2.1', '80', 5]);

const steps = (before: MarkState, after: MarkState) =>
  markOperations(before.elements, after.elements).map((operation) =>
    operation.op === 'set-mark' || operation.op === 'delete-mark' ? `${operation.op} ${operation.element.map}` : '',
  );

describe('planMarks', () => {
  it('writes what is named before what names it, and takes away the other way round', () => {
    const marks = marksOf(['192.0.2.1', '80', 5], ['192.0.2.1', '80', 6, '10.0.0.0/8']);
    const there = planMarks(NONE, marks, 0);
    expect(steps(NONE, there)).toEqual(['set-mark mark_sources', 'set-mark mark_ports', 'set-mark mark_destinations']);
    const gone = planMarks(there, new Map(), 0);
    expect(steps(there, gone)).toEqual(['delete-mark mark_destinations']);
    const swept = planMarks(gone, gone.marks!, QUARANTINE_MS);
    expect(steps(gone, swept)).toEqual(['delete-mark mark_ports', 'delete-mark mark_sources']);
  });

  it('gives another content another set, and swaps it with one store', () => {
    const before = planMarks(NONE, ONE, 0);
    const after = planMarks(before, marksOf(['192.0.2.1', '80', 6]), 10);
    expect(steps(before, after)).toEqual(['set-mark mark_ports', 'set-mark mark_destinations']);
    expect(after.elements.size).toBe(3);
    // What comes back while it rests is what it was.
    expect(steps(after, planMarks(after, ONE, 20))).toEqual(['set-mark mark_destinations']);
  });

  it('shares a set among destinations', () => {
    const { elements } = planMarks(NONE, marksOf(['192.0.2.1', '80', 5], ['198.51.100.0/24', '80', 5]), 0);
    expect([...elements.values()].map(({ map }) => map).sort()).toEqual([
      ...['mark_destinations', 'mark_destinations', 'mark_ports'],
    ]);
  });

  it('says how many bits of a source tell', () => {
    const marks = marksOf(
      ['192.0.2.1', '80', 6, '10.0.0.0/8'],
      ['192.0.2.1', '80', 7, '10.1.0.0/24'],
      ['192.0.2.1', '81', 5],
    );
    const values = [...planMarks(NONE, marks, 0).elements.values()].flatMap(({ map, value }) =>
      map === 'mark_ports' ? [value] : [],
    );
    expect(values).toMatchObject([
      { mark: 0, source_length: 24 },
      { mark: 5, sources: 0, source_length: 0 },
    ]);
  });

  it('has the fewest prefixes of ports', () => {
    const { elements } = planMarks(NONE, marksOf(['192.0.2.1', '8000-8100', 5]), 0);
    const ports = [...elements.values()].flatMap(({ map, key }) =>
      map === 'mark_ports' && 'port' in key ? [`${key.port}/${key.prefix_length - 48}`] : [],
    );
    expect(ports).toEqual(['8000/10', '8064/11', '8096/14', '8100/16']);
  });

  it('takes over what a process before has written', () => {
    const written = planMarks(NONE, ONE, 0);
    const adopted = adoptedMarks(elementsByKey([...written.elements.values()]));
    expect(steps(adopted, planMarks(adopted, ONE, 0))).toEqual([]);
  });

  it('is the same where nothing is to be done', () => {
    const state = planMarks(NONE, ONE, 0);
    expect(planMarks(state, ONE, 5000)).toBe(state);
  });

  it('knows when a map is full', () => {
    const odd = (mark: number) =>
      parsePorts(Array.from({ length: 2000 }, (_, i) => `${20 * i + 1}-${20 * i + 18}`).join())!.map((range) => ({
        ...range,
        mark,
      }));
    const rules = Array.from({ length: 8 }, (_, i) => ({
      destination: parsePrefix(`192.0.2.${i}`)!,
      ports: odd(i),
      mark: i + 1,
    }));
    const applied = applyCommands(emptyModel, [{ type: 'mark.set', rules }]);
    expect(crowdedMap(NONE)).toBeNull();
    expect('model' in applied && crowdedMap(planMarks(NONE, applied.model.marks, 0))).toBe('mark_ports');
  });
});
