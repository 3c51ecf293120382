/**
 * Plays every script to the kernel's IPVS and to xlb and compares what they do,
 * in the virtual machine that `make test-ipvs` starts. `--seed N` repeats the
 * random scripts of a run, `--only NAME,...` plays those whose names
 * begin so.
 */
import { mkdtempSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { NAT_SCRIPTS } from './nat-scripts.ts';
import { type Outcome, play } from './play.ts';
import { randomScripts } from './random-script.ts';
import type { Script } from './script.ts';
import { SCRIPTS } from './scripts.ts';
import { SCTP_SCRIPTS } from './sctp-scripts.ts';
import { KernelDirector, XlbDirector } from './worlds.ts';

const RANDOM_SCRIPTS = 20;
const { values } = parseArgs({ options: { seed: { type: 'string' }, only: { type: 'string' } } });
const only = (values.only ?? '').split(',');
const seed = Number(values.seed ?? Date.now() % 1_000_000);

async function main(): Promise<number> {
  const scripts = [...SCRIPTS, ...NAT_SCRIPTS, ...SCTP_SCRIPTS, ...randomScripts(seed, RANDOM_SCRIPTS)].filter(
    ({ name }) => only.some((prefix) => name.startsWith(prefix)),
  );
  const kernel = KernelDirector.build();
  const xlb = await XlbDirector.build(mkdtempSync('/tmp/ipvs-'));
  let failed = 0;
  try {
    for (const [i, script] of scripts.entries()) {
      const started = performance.now();
      const outcome = await play(script, i + 1, [kernel, xlb]);
      report(script, outcome, (performance.now() - started) / 1000);
      if (outcome.differences.length > 0) failed++;
    }
    if (failed > 0) console.log(`xlbd said:\n${xlb.log()}`);
  } finally {
    await xlb.close();
    await kernel.close();
  }
  console.log(`seed ${seed}: ${scripts.length - failed} scripts alike, ${failed} not`);
  return failed === 0 ? 0 : 1;
}

function report({ name }: Script, { steps, frames, differences }: Outcome, seconds: number): void {
  const verdict = differences.length === 0 ? 'alike' : `${differences.length} DIFFERENCES`;
  console.log(
    `${name.padEnd(28)} ${String(steps).padStart(4)} steps ${String(frames).padStart(4)} frames ${seconds.toFixed(1).padStart(6)} s  ${verdict}`,
  );
  for (const difference of differences.slice(0, 6)) console.log(difference);
}

process.exitCode = await main();
