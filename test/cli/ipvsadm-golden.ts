/**
 * The recorded sessions of ipvsadm 1.31, brought down to what is supported.
 *
 * In commands and outputs alike `simplify` leaves out SCTP; everything else has to
 * match to the byte.
 */
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
  return text.split(/(?=^(?:TCP|UDP|FWM) )/m).sort();
}

/** Lines that have no place in xlb's table. */
const LEFT_OUT = /^(?:-[Aa] --sctp-service|--add-service --sctp-service|SCTP)/;

/** Commands, one on each line, or an output. */
export function simplify(text: string): string {
  const kept = text.split('\n');
  return kept.filter((line, index) => !LEFT_OUT.test(line) && !isOfLeftOut(kept, index)).join('\n');
}

export function simplifyWords(argv: readonly string[]): readonly string[] {
  return simplify(`${argv.join(' ')} `)
    .trimEnd()
    .split(' ');
}

/** Real servers in a table below a service that is left out. */
function isOfLeftOut(lines: readonly string[], index: number): boolean {
  if (!lines[index]?.startsWith('  -> ')) return false;
  const service = lines.slice(0, index).findLast((line) => !line.startsWith('  -> '));
  return service !== undefined && LEFT_OUT.test(service);
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(goldenFile(name), 'utf8')) as T;
}

function goldenFile(name: string): URL {
  return new URL(`../golden/cli/${name}`, import.meta.url);
}
