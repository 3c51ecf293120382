/** Help is an interface: a change of it shows here. UPDATE_DOCS=1 writes it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { runXlb } from '../../test/cli/run-xlb.ts';
import { createProgram } from './program.ts';

const GOLDEN = 'test/cli/help.txt';

function paths(command: Command, path: readonly string[] = []): string[][] {
  const children = command.createHelp().visibleCommands(command);
  return [[...path], ...children.flatMap((child) => paths(child, [...path, child.name()]))];
}

it('the help of every command is stable', async () => {
  const world = { stdoutIsTty: false, columns: 100, vars: {} };
  let text = '';
  for (const path of paths(createProgram(world as never, () => {}))) {
    // Its words are ipvsadm's, help included; they have tests of their own.
    if (path[0] === 'ipvsadm') continue;
    const { code, stdout, stderr } = await runXlb('/run/nowhere', [...path, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    text += `$ xlb ${[...path, '--help'].join(' ')}\n${stdout}\n`;
  }
  if (process.env['UPDATE_DOCS']) writeFileSync(GOLDEN, text);
  else expect(text).toBe(readFileSync(GOLDEN, 'utf8'));
});
