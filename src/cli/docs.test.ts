/**
 * docs/cli.md and the manual pages say what the program does: every example is
 * run, every command and option is looked for. UPDATE_DOCS=1 writes the examples'
 * output anew; read the difference before you commit it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { FakeController, fakeConnections, startFakeDaemon } from '../../test/api/fake-controller.ts';
import { SPLIT_BRAIN } from '../../test/api/fake-doctor.ts';
import { synchronized } from '../../test/api/fake-sync.ts';
import { BACKUP, MASTER } from '../../test/api/fake-vrrp.ts';
import { NOW } from '../../test/api/now.ts';
import { type Example, readConsole, writeConsole } from '../../test/cli/console.ts';
import { runXlb, words } from '../../test/cli/run-xlb.ts';
import { parseOptions } from '../daemon/options.ts';
import { createProgram } from './program.ts';

const PAGE = 'docs/cli.md';

function documentedDaemon(): FakeController {
  const controller = new FakeController();
  controller.unresolved.add('10.0.0.13');
  controller.entries = fakeConnections(50);
  controller.instances = [MASTER, BACKUP];
  controller.doctorFacts = SPLIT_BRAIN;
  controller.synchronization = synchronized(NOW);
  controller.overrides = {
    health: 'degraded',
    problems: [
      {
        id: 'next-hop-unresolved',
        severity: 'warning',
        subject: '203.0.113.10:443/tcp > 10.0.0.13:443',
        since: '2026-11-23T19:46:02.000Z',
        text: '10.0.0.13 does not answer ARP on eth1',
        next: 'ip neighbour show 10.0.0.13',
      },
    ],
  };
  return controller;
}

/** The moment at which a report was made is another one at every run. */
function settled(text: string): string {
  const now = new Date(NOW).toISOString();
  return text.replace(/("time": ?")[^"]+/g, `$1${now}`);
}

async function outputOf(command: string, runDir: string, files: Record<string, string>): Promise<string> {
  const [program = '', ...args] = words(command);
  if (program === 'cat') return files[args[0] ?? ''] ?? '';
  const { code, stdout, stderr } = await runXlb(runDir, args, { files });
  return settled(stdout + stderr) + (code === 0 ? '' : `(exit code ${code})\n`);
}

it(`every example of ${PAGE} prints what it prints`, async () => {
  const controller = documentedDaemon();
  await using daemon = await startFakeDaemon(controller);
  const parts = readConsole(readFileSync(PAGE, 'utf8'));
  const examples = parts.filter((part): part is Example => typeof part === 'object');
  // What the reader is shown with cat is what the program reads.
  const shown = examples.filter(({ command }) => command.startsWith('cat '));
  const files = Object.fromEntries(shown.map(({ command, output }) => [command.slice('cat '.length), output]));
  Object.assign(controller.configuration.files, files);
  const real: (string | Example)[] = [];
  for (const part of parts) {
    if (typeof part === 'string') real.push(part);
    else real.push({ ...part, output: await outputOf(part.command, daemon.runDir, files) });
  }
  expect(examples.length).toBeGreaterThan(30);
  if (process.env['UPDATE_DOCS']) writeFileSync(PAGE, writeConsole(real));
  else expect(writeConsole(real)).toBe(writeConsole(parts));
});

function program(): Command {
  const world = { stdoutIsTty: false, columns: 100, vars: {} };
  return createProgram(world as never, () => {});
}

function commandsBelow(command: Command, path = command.name()): [string, Command][] {
  const children = command.createHelp().visibleCommands(command);
  return [[path, command], ...children.flatMap((child) => commandsBelow(child, `${path} ${child.name()}`))];
}

const COMMANDS = commandsBelow(program());

describe.each([PAGE, 'docs/man/xlb.1.md'])('%s', (path) => {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';

  it.each(COMMANDS.filter(([, command]) => command.commands.length === 0).map(([name]) => name))('has %s', (name) => {
    expect(text).toContain(name);
  });

  it('has every option', () => {
    const options = COMMANDS.flatMap(([, command]) => command.options.flatMap(({ long, short }) => [long, short]));
    const missing = [...new Set(options)].filter((flag) => flag && !text.includes(flag) && flag !== '--version');
    expect(missing).toEqual([]);
  });
});

it('docs/man/xlbd.8.md has every option of xlbd', () => {
  const parsed = parseOptions(['--help'], '0.1.0');
  const flags = 'output' in parsed ? (parsed.output.match(/--[a-z][a-z-]+/g) ?? []) : [];
  expect(flags.length).toBeGreaterThan(8);
  const text = readFileSync('docs/man/xlbd.8.md', 'utf8');
  expect([...new Set(flags)].filter((flag) => !text.includes(`\`${flag}\``))).toEqual([]);
});
