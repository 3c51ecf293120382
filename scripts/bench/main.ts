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
import { toJson, toMoreTable, toRows, toTable } from './report.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const OUTPUT = fileURLToPath(new URL('../../build/bench.json', import.meta.url));

function main(): void {
  pinToLastCpu();
  const driver = new Driver();
  const bench = prepare(driver);
  try {
    const rows = toRows(bench.cases, measure(driver, bench), bench.floor);
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
function measure(driver: Driver, bench: Bench): Map<string, number[]> {
  const samples = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of bench.cases) {
      const ns = measureOne(driver, one);
      if (round > 0) samples.set(one.name, [...(samples.get(one.name) ?? []), ns]);
    }
  }
  return samples;
}

function measureOne(driver: Driver, one: BenchCase): number {
  one.before?.();
  const { ns, verdict } = driver.run(one.load);
  const fault = verdict === one.verdict ? one.fault?.() : `verdict ${verdict}, expected ${one.verdict}`;
  if (fault) throw new Error(`"${one.name}" is void: ${fault}`);
  return ns;
}

/** One CPU for all of it, before everything else that runs there. */
function pinToLastCpu(): void {
  execFileSync('taskset', ['-cp', String(availableParallelism() - 1), String(process.pid)], { stdio: 'ignore' });
  setPriority(-20);
}

main();
