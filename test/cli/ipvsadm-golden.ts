/**
 * The recorded sessions of ipvsadm 1.31, brought down to what is supported.
 *
 * In commands and outputs alike `simplify` replaces masquerading by direct
 * routing, and leaves out SCTP and real servers with a port of their own;
 * everything else has to match to the byte.
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

/** Mistakes and edge cases whose words are right, but come later. */
export const LATER: Readonly<Record<string, string>> = {
  'ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.14:8080 -m': 'masquerading (-m)',
};

/** Lines that have no place in xlb's table: SCTP, real servers with a port of their own. */
const LEFT_OUT =
  /^(?:-[Aa] --sctp-service|--add-service --sctp-service|SCTP)|^(?:-a .* -r| {2}->) \S+:81\b|^TCP .*:81$/;

const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/(?<=^(?:ipvsadm )?-.*) -m\b/gm, ' -g'],
  [/\bMasq {3}/g, 'Route  '],
];

/** Commands, one on each line, or an output. */
export function simplify(text: string): string {
  const kept = text.split('\n');
  const lines = kept.filter((line, index) => !LEFT_OUT.test(line) && !isOfLeftOut(kept, index));
  return REPLACED.reduce((result, [pattern, by]) => result.replace(pattern, by), lines.join('\n'));
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
