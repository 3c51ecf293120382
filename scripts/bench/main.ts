/**
 * `make bench`: what a packet costs, as ratios to the floor of the same run.
 * Program cost only: no driver of a card, no DMA. The method is explained in
 * docs/performance.md. BENCH_ROUNDS changes the number of rounds.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Bench, type BenchCase, prepare } from './cases.ts';
import { Driver } from './driver.ts';
import { bytesPerSlot } from './planes.ts';
import { type Sample, toJson, toMoreTable, toRows, toTable } from './report.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 11);
/** Of a measurement. */
const SLICES = 8;
const OUTPUT = fileURLToPath(new URL('../../build/bench.json', import.meta.url));

function main(): void {
  pinToLastCpu();
  const driver = new Driver();
  const bench = prepare(driver);
  try {
    const rows = toRows(bench.cases, measure(driver, bench));
    mkdirSync(fileURLToPath(new URL('../../build', import.meta.url)), { recursive: true });
    writeFileSync(OUTPUT, toJson(rows));
    const { hot, all } = bytesPerSlot(bench.small, bench.large);
    const memory = `${all.toFixed(1)} bytes per connection slot (limit 64), ${hot.toFixed(1)} of them hot (limit 24)`;
    console.log(`${toTable(rows)}\n\n${toMoreTable(rows)}\n\n${memory}: ${all <= 64 && hot <= 24 ? 'ok' : 'OVER'}`);
  } finally {
    bench.close();
    driver.close();
  }
}

/** Round by round through all cases, so that what drifts meets all of them alike. The first round warms up. */
function measure(driver: Driver, bench: Bench): Map<string, Sample[]> {
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of bench.cases) {
      const sample = measureOne(driver, one, bench.floor);
      if (round > 0) samples.set(one.name, [...(samples.get(one.name) ?? []), sample]);
    }
  }
  return samples;
}

/**
 * A case in slices, with one of the floor before each: on a virtual machine the clock
 * can halve from one tenth of a second to the next, and so does it for both.
 */
function measureOne(driver: Driver, one: BenchCase, floor: BenchCase): Sample {
  let [ns, floorNs] = [0, 0];
  one.before?.();
  for (let slice = 0; slice < SLICES; slice++) {
    floorNs += runSlice(driver, floor, slice) / SLICES;
    ns += runSlice(driver, one, slice) / SLICES;
  }
  const fault = one.fault?.();
  if (fault) throw voided(one, fault);
  return { ns, floor: floorNs };
}

function runSlice(driver: Driver, one: BenchCase, slice: number): number {
  const repeat = one.load.repeat / SLICES;
  const { ns, verdict } = driver.run({ ...one.load, repeat, firstFlow: slice * repeat });
  if (verdict !== one.verdict) throw voided(one, `verdict ${verdict}, expected ${one.verdict}`);
  return ns;
}

function voided(one: BenchCase, fault: string): Error {
  return new Error(`"${one.name}" is void: ${fault}`);
}

/** One CPU for all of it, before everything else that runs there. */
function pinToLastCpu(): void {
  execFileSync('taskset', ['-cp', String(availableParallelism() - 1), String(process.pid)], { stdio: 'ignore' });
  setPriority(-20);
}

main();
