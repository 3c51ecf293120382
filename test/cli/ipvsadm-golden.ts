/** The recorded sessions of ipvsadm 1.31. */
import { readFileSync } from 'node:fs';

export interface GoldenRecord {
  readonly cmd: string;
  readonly argv: readonly string[];
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdin?: string;
}

export const LISTING = readJson<readonly (GoldenRecord & { readonly name: string })[]>('listing.json');
export const ERRORS = readJson<{
  readonly errors_setup: readonly string[];
  readonly cases: readonly (GoldenRecord & { readonly after: string })[];
}>('errors.json');
export const SETUP: readonly string[] = readFileSync(goldenFile('setup.args'), 'utf8').trim().split('\n');

/** The order of services without sorting is that of the kernel's hash, which differs at each boot. */
export function blocksInAnyOrder(text: string): readonly string[] {
  return text.split(/(?=^(?:TCP|UDP|SCTP|FWM) )/m).sort();
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(goldenFile(name), 'utf8')) as T;
}

function goldenFile(name: string): URL {
  return new URL(`../golden/cli/${name}`, import.meta.url);
}
