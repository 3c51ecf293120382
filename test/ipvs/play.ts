/** Plays one script to both directors and says where they part. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connectionsIn,
  describeFrames,
  differenceOfAnswers,
  differenceOfConnections,
  differenceOfTexts,
  servicesIn,
  withoutLateAnswers,
} from './compare.ts';
import { Places, REAL_SERVERS, readScript, type Script, type Step } from './script.ts';
import type { World } from './worlds.ts';

/** Milliseconds: how long an answer may take, and how long nothing more must come after it. */
const PATIENCE = 400;
const QUIET = 15;
/** The kernel's estimator brings totals up to date every two seconds. */
const ESTIMATOR_SECONDS = 2.5;
/** At tables that differ, a second apart. */
const LOOKS = 3;

export interface Outcome {
  readonly steps: number;
  /** That the kernel's director sent: a comparison of nothing proves nothing. */
  readonly frames: number;
  /** Steps whose answers differ, in words; empty: alike throughout. */
  readonly differences: readonly string[];
}

type Pair<T> = readonly [kernel: T, xlb: T];

/** `number`: which addresses it plays with. */
export async function play(script: Script, number: number, worlds: Pair<World>): Promise<Outcome> {
  const places = new Places(number);
  const steps = readScript(script, places);
  for (const world of worlds) world.ip(addressesOf(places, number));
  const differences: string[] = [];
  const before = worlds[0].wire.taken;
  for (const [i, step] of steps.entries()) {
    for (const difference of await playStep(step, places, worlds)) {
      if (difference !== null) differences.push(`${script.name}, step ${i + 1}: ${step.line}\n  ${difference}`);
    }
  }
  // Connections stay until they expire; the addresses keep them apart.
  for (const world of worlds) await world.ipvsadm(['-C']);
  return { steps: steps.length, frames: worlds[0].wire.taken - before, differences };
}

/** Lines for `ip -batch`. */
export function addressesOf(places: Places, number: number): string[] {
  if (number > 250) throw new RangeError('script numbers end at 250');
  const lines = places.virtualIps.map((address) =>
    address.includes(':')
      ? `address add ${address}/128 dev lo nodad preferred_lft 0`
      : `address add ${address}/32 dev lo`,
  );
  for (const family of [4, 6] as const) {
    for (let i = 1; i <= REAL_SERVERS; i++) {
      const { address, mac } = places.realServer(i, family);
      lines.push(`neighbour replace ${address} lladdr ${mac} dev d0 nud permanent`);
    }
  }
  return lines;
}

async function playStep(step: Step, places: Places, worlds: Pair<World>): Promise<(string | null)[]> {
  const [kernel, xlb] = worlds;
  switch (step.do) {
    case 'ipvsadm':
      return [differenceOfAnswers(await kernel.ipvsadm(step.words), await xlb.ipvsadm(step.words))];
    case 'sysctl':
      for (const world of worlds) await world.sysctl(step.name, step.value);
      return [];
    case 'wait':
      await sleep(step.seconds * 1000);
      return [];
    case 'packet': {
      const [kernelFrames, xlbFrames] = await exchange(step.frame, worlds);
      return [differenceOfTexts('frames', kernelFrames, xlbFrames)];
    }
    case 'check':
      return check(places, worlds);
  }
}

/** Sends a frame to both; what each answers, as text. */
async function exchange(frame: Buffer, worlds: Pair<World>): Promise<[string, string]> {
  const frames: Buffer[][] = [[], []];
  for (const { wire } of worlds) wire.send(frame);
  const start = performance.now();
  let last = Number.POSITIVE_INFINITY;
  while (performance.now() - start < PATIENCE && performance.now() - last < QUIET) {
    await sleep(2);
    worlds.forEach(({ wire }, i) => {
      frames[i]?.push(...wire.received());
    });
    if (last === Number.POSITIVE_INFINITY && frames.every((each) => each.length > 0)) last = performance.now();
  }
  const [kernel = [], xlb = []] = frames.map((each) => describeFrames(each).join('\n'));
  return [String(kernel), String(xlb)];
}

/**
 * What differs is looked at again: a connection at the end of its time goes within a
 * second there and here, and not at the same moment.
 */
async function check(places: Places, worlds: Pair<World>): Promise<(string | null)[]> {
  await sleep(ESTIMATOR_SECONDS * 1000);
  let differences = await compareTables(places, worlds);
  for (let looks = 1; looks < LOOKS && differences.some((difference) => difference !== null); looks++) {
    await sleep(1000);
    differences = await compareTables(places, worlds);
  }
  return differences;
}

async function compareTables(places: Places, worlds: Pair<World>): Promise<(string | null)[]> {
  const [kernel, xlb] = (await both(worlds, '-Lnc')).map((text) => connectionsIn(text, places));
  const differences = [differenceOfConnections(kernel ?? [], xlb ?? [])];
  for (const words of ['-Ln', '-Ln --thresholds', '-Ln --persistent-conn', '-Ln --stats']) {
    const [before, after] = (await both(worlds, words)).map((text) => {
      const services = servicesIn(text, places);
      return words.endsWith('--stats') ? withoutLateAnswers(services) : services;
    });
    differences.push(differenceOfTexts(words, before ?? '', after ?? ''));
  }
  return differences;
}

async function both(worlds: Pair<World>, words: string): Promise<Pair<string>> {
  const [kernel, xlb] = worlds;
  return [(await kernel.ipvsadm(words.split(' '))).stdout, (await xlb.ipvsadm(words.split(' '))).stdout];
}
