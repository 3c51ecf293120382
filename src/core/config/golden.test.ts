/**
 * Files with faults, and what keepalived 2.2.7 says of each. Ours has to be at
 * least as useful: something at every line that keepalived names, and word for word what
 * stands in test/golden/keepalived-config/xlb. UPDATE_DOCS=1 writes those anew; read
 * the difference before you commit it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatFaults } from './format-fault.ts';
import { loadConfig } from './load.ts';
import type { Fault } from './report.ts';
import { filesOf, SURROUNDINGS } from './testing.ts';

const FOLDER = 'test/golden/keepalived-config';
const CASES = readdirSync(`${FOLDER}/cases`)
  .filter((name) => name.endsWith('.conf'))
  .map((name) => name.replace('.conf', ''));

/** Where keepalived names what follows from a fault, or the end of its block: case -> where the fault is. */
const CAUSES: Record<string, number> = { '06-missing-open-brace': 7, '19-vrrp-script-no-script': 7 };

/** The machine that keepalived ran on had this interface and no script. */
const MACHINE = {
  hasInterface: (name: string) => name === 'ens33',
  hasUser: (name: string) => name === 'root',
  program: () => 'missing' as const,
};

function load(name: string) {
  const text = readFileSync(`${FOLDER}/cases/${name}.conf`, 'utf8');
  const files = filesOf({ [`${name}.conf`]: text });
  return loadConfig({ path: `${name}.conf`, files, surroundings: SURROUNDINGS, machine: MACHINE });
}

function linesOf(faults: readonly Fault[]): number[] {
  return faults.map(({ at }) => at.line);
}

it('has the 45 cases', () => {
  expect(CASES.length).toBe(45);
});

describe.each(CASES)('%s', (name) => {
  const said = readFileSync(`${FOLDER}/keepalived-2.2.7/${name}.err`, 'utf8');
  const { faults, sources } = load(name);

  it('says something wherever keepalived does', () => {
    const theirs = [...said.matchAll(/Line (\d+)\)/g)].map(([, line]) => CAUSES[name] ?? Number(line));
    expect(linesOf(faults)).toEqual(expect.arrayContaining(theirs));
    if (said.trim() !== '') expect(faults).not.toEqual([]);
  });

  it('says each fault once', () => {
    const places = faults.map(({ at, text }) => `${at.line}:${at.column}:${text}`);
    expect(new Set(places).size).toBe(places.length);
  });

  it('says what it said before', () => {
    const path = `${FOLDER}/xlb/${name}.txt`;
    const text = formatFaults(faults, sources)
      .map((fault) => `${fault}\n`)
      .join('');
    if (process.env['UPDATE_DOCS']) writeFileSync(path, text);
    expect(text).toBe(existsSync(path) ? readFileSync(path, 'utf8') : 'no golden file');
  });
});

it('the tutorial loads with warnings', () => {
  const { faults } = load('00-tutorial');
  expect(faults.map(({ severity }) => severity)).toEqual(['warning', 'warning', 'warning', 'warning']);
});

it('a valid file has no faults', () => {
  expect(load('01-valid').faults).toEqual([]);
});
