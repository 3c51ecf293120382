// The fake is worth something only if it answers as the kernel does: the same calls to both.

import { expect, it } from 'vitest';
import { fakeMap } from '../src/fake-map.ts';
import { BpfMap } from '../src/map.ts';
import type { MapSpec } from '../src/object-spec.ts';
import { spec } from './layouts.ts';
import { Random } from './random.ts';

const CALLS = 2000;

it.each(['hash', 'array'] as const)('a fake %s answers as the kernel does', (type) => {
  const made = spec({ type, maxEntries: 8 });
  using real = BpfMap.create<number, bigint>(made);
  using fake = new BpfMap<number, bigint>(fakeMap(made), made);
  const random = new Random(3);
  for (let i = 0; i < CALLS; i++) {
    const [name, act] = call(random);
    expect([i, name, outcome(act, fake)]).toEqual([i, name, outcome(act, real)]);
  }
  expect(sorted(fake)).toEqual(sorted(real));
});

it.each(['percpu_hash', 'percpu_array'] as const)('a fake %s answers as the kernel does', (type) => {
  const made: MapSpec = spec({ type, maxEntries: 4 });
  using real = BpfMap.create<number, bigint>(made);
  const cpus = real.getRaw(Buffer.alloc(4))?.length ?? 0;
  const count = cpus === 0 ? undefined : cpus / 8;
  using fake = new BpfMap<number, bigint>(fakeMap(made, count === undefined ? {} : { cpus: count }), made);
  for (let key = 0; key < 6; key++) {
    const values = Array.from({ length: count ?? 0 }, (_, cpu) => BigInt(cpu + key));
    const act = (map: BpfMap<number, bigint>) => map.setPerCpu(key, values);
    if (count !== undefined) expect(outcome(act, fake)).toEqual(outcome(act, real));
    expect(fake.getPerCpu(key)).toEqual(real.getPerCpu(key));
  }
});

type Act = (map: BpfMap<number, bigint>) => unknown;

function call(random: Random): [string, Act] {
  const key = random.below(10);
  const value = BigInt(random.next());
  const acts: [string, Act][] = [
    [`get ${key}`, (map) => map.get(key)],
    [`set ${key}`, (map) => map.set(key, value)],
    [`set noexist ${key}`, (map) => map.set(key, value, 'noexist')],
    [`set exist ${key}`, (map) => map.set(key, value, 'exist')],
    [`delete ${key}`, (map) => map.delete(key)],
    [
      `setBatch ${key}`,
      (map) =>
        map.setBatch([
          [key, value],
          [key + 1, value],
        ]),
    ],
    [`deleteBatch ${key}`, (map) => map.deleteBatch([key, key + 1])],
    ['getBatch', (map) => sorted(map)],
    ['keys', (map) => [...map.keys()].sort((a, b) => a - b)],
  ];
  return random.pick(acts);
}

function outcome(act: Act, map: BpfMap<number, bigint>): unknown {
  try {
    return act(map);
  } catch (error) {
    return (error as { code: string }).code;
  }
}

function sorted(map: BpfMap<number, bigint>): [number, bigint][] {
  return map.getBatch().sort(([a], [b]) => a - b);
}
