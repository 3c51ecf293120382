/**
 * Golden traces: test/scenarios/*.txt. `XLB_REWRITE_SCENARIOS=1` writes what is produced now; commit
 * that only where every changed line is understood and wanted.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runScenario } from '../../../test/vrrp/scenario.ts';

const FOLDER = new URL('../../../test/scenarios/', import.meta.url);

test.each(readdirSync(FOLDER).filter((name) => name.endsWith('.txt')))('%s', (name) => {
  const file = new URL(name, FOLDER);
  const text = readFileSync(file, 'utf8');
  const produced = runScenario(text);
  if (process.env['XLB_REWRITE_SCENARIOS'] === '1') writeFileSync(file, produced);
  else expect(produced).toBe(text);
});
