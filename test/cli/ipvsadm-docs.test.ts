/** docs/ipvsadm.md speaks of every option, once. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OPTIONS } from '../../src/cli/ipvsadm/options.ts';

const TEXT = readFileSync(new URL('../../docs/ipvsadm.md', import.meta.url), 'utf8');

it.each(OPTIONS)('has a row for --$name', ({ name, short }) => {
  const rows = TEXT.split('\n').filter((line) => line.startsWith('| `-'));
  const row = rows.filter((line) => line.includes(`\`--${name}\``));
  expect(row.length).toBe(1);
  if (short !== undefined) expect(row[0]).toContain(`\`-${short}\``);
});
