// Opens damaged objects until told to stop; run by hostile.unit.test.ts in a process of its own, so
// that a crash is seen. Arguments: first seed, number of objects, file for the seed in work,
// "load" to load what opens. Prints a summary as JSON.

import { openSync, readFileSync, writeSync } from 'node:fs';
import { BpfError } from '../../src/error.ts';
import { BpfObject } from '../../src/object.ts';
import { compile } from '../compile.ts';
import { mutate } from '../mutate.ts';
import { Random } from '../random.ts';

const [firstSeed = 0, count = 10_000] = process.argv.slice(2, 4).map(Number);
const progress = openSync(process.argv[4] ?? '/dev/null', 'w');
const loads = process.argv[5] === 'load';
const files = ['types', 'maps', 'xdp', 'layout_a'].map((name) => readFileSync(compile(name)));

const summary = { refused: 0, opened: 0, loaded: 0, strange: [] as string[] };
for (let seed = firstSeed; seed < firstSeed + count; seed++) {
  writeSync(progress, String(seed).padEnd(12), 0);
  const random = new Random(seed + 1);
  try {
    tryObject(mutate(random.pick(files), random));
  } catch (error) {
    if (!(error instanceof BpfError)) summary.strange.push(`seed ${seed}: ${(error as Error).stack}`);
    summary.refused++;
  }
}
console.log(JSON.stringify(summary));

function tryObject(file: Buffer): void {
  using object = BpfObject.open(file);
  summary.opened++;
  for (const name of object.mapNames) object.mapSpec(name);
  void object.programs;
  if (!loads) return;
  object.load();
  summary.loaded++;
  for (const name of object.mapNames) void object.map(name).info();
}
