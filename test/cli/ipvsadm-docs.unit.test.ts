/** docs/ipvsadm.md speaks of every option, once, of no other, and says of each how it compares. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OPTIONS } from '../../src/cli/ipvsadm/options.ts';

const TEXT = readFileSync(new URL('../../docs/ipvsadm.md', import.meta.url), 'utf8');
const ROWS = TEXT.split('\n')
  .filter((line) => line.startsWith('| `-'))
  .map((line) => {
    const [, words = '', kind = '', reason = ''] = line.split('|').map((cell) => cell.trim());
    return { words: [...words.matchAll(/`(-[^`]+)`/g)].map(([, word = '']) => word), kind, reason };
  });

it.each(OPTIONS)('has a row for --$name', ({ name, short }) => {
  const rows = ROWS.filter(({ words }) => words.includes(`--${name}`));
  expect(rows.length).toBe(1);
  if (short !== undefined) expect(rows[0]?.words).toContain(`-${short}`);
});

it.each(ROWS)('knows $words', ({ words }) => {
  const known = OPTIONS.flatMap(({ name, short }) => [`--${name}`, `-${short}`]);
  expect(words.filter((word) => !known.includes(word))).toEqual([]);
  expect(words.length).toBeGreaterThan(0);
});

it.each(ROWS)('says of $words: same, extension, or differs and why', ({ kind, reason }) => {
  expect(['same', 'extension', 'differs']).toContain(kind);
  if (kind !== 'same') expect(reason).not.toBe('');
});
