/** docs/configuration.md says what the program does. UPDATE_DOCS=1 writes it anew; read the difference before you commit it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Example, readConsole, writeConsole } from '../../../test/cli/console.ts';
import { formatReport } from './format-fault.ts';
import { ROOT } from './keywords/root.ts';
import { loadConfig } from './load.ts';
import { keywordReference } from './reference.ts';
import { filesOf, SURROUNDINGS } from './testing.ts';

const PAGE = 'docs/configuration.md';
const MARK = /<!-- keywords: .* -->\n/;

/** A director of a tutorial. */
const MACHINE = {
  hasInterface: (name: string) => /^eth[01]$/.test(name),
  hasUser: () => true,
  program: () => 'runs' as const,
};

function outputOf({ command, output }: Example, shown: Record<string, string>): string {
  if (command.startsWith('cat ')) return output;
  const path = command.replace('xlbd -t -f ', '');
  const loaded = loadConfig({ path, files: filesOf(shown), surroundings: SURROUNDINGS, machine: MACHINE });
  const isBad = loaded.faults.some(({ severity }) => severity === 'error');
  return `${formatReport(path, loaded)}${isBad ? '(exit code 1)\n' : ''}`;
}

it('has every keyword, and examples that say what the program says', () => {
  const page = readFileSync(PAGE, 'utf8');
  const [mark = ''] = MARK.exec(page) ?? [];
  expect(mark).not.toBe('');
  const prose = page.slice(0, page.indexOf(mark));
  const parts = readConsole(prose);
  const examples = parts.filter((part): part is Example => typeof part === 'object');
  expect(examples).toHaveLength(6);
  const cats = examples.filter(({ command }) => command.startsWith('cat '));
  const shown = Object.fromEntries(cats.map(({ command, output }) => [command.slice('cat '.length), output]));
  const real = parts.map((part) => (typeof part === 'string' ? part : { ...part, output: outputOf(part, shown) }));
  const wanted = `${writeConsole(real)}${mark}\n${keywordReference(ROOT)}`;
  if (process.env['UPDATE_DOCS']) writeFileSync(PAGE, wanted);
  else expect(page).toBe(wanted);
});
