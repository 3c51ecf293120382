/** What all verbs share: they send commands and say what changed. */
import { Command } from 'commander';
import type { Change, ChangesReport } from '../api/protocol/changes.ts';
import type { Command as ModelCommand } from '../core/model/command.ts';
import { connect } from './connect.ts';
import { type Env, EXIT } from './env.ts';
import { type Paint, paintFor, type Tone } from './format/colour.ts';

export interface ChangeOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Lines of warnings after a change; the rest is counted. */
const MAX_WARNINGS = 10;

/** A verb with the options that all verbs take. */
export function verb(name: string): Command {
  return new Command(name)
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--json', 'print what changed as JSON');
}

/** All commands or none; prints what changed. Throws ApiError where the daemon refuses. */
export async function change(env: Env, options: ChangeOptions, commands: readonly ModelCommand[]): Promise<number> {
  const report = await connect(env).execute(commands, { dryRun: options.dryRun ?? false, user: env.user });
  if (options.json) env.stdout.write(`${JSON.stringify(report)}\n`);
  else printChanges(env, report);
  return EXIT.ok;
}

const MARKS: Record<Change['action'], readonly [string, Tone]> = {
  add: ['+', 'good'],
  change: ['~', 'warn'],
  delete: ['-', 'bad'],
};

function printChanges(env: Env, { changes, warnings, dry_run }: ChangesReport): void {
  const paint = paintFor(env);
  for (const change of changes) printChange(env, paint, { ...change, subject: subjectOf(change) });
  if (changes.length === 0) env.stderr.write('xlb: nothing to change\n');
  else if (dry_run) env.stderr.write(`xlb: ${summary(changes)}; nothing was changed (--dry-run)\n`);
  printWarnings(env, warnings);
}

/** What a change is about: `real server 10.0.0.11:80 of 192.0.2.10:80/tcp`. */
export function subjectOf({ kind, service, server }: Change): string {
  const words = [kind === 'server' ? 'real server' : kind, server, server === null ? service : `of ${service}`];
  return words.filter((part) => part !== null).join(' ');
}

/** `~ service 192.0.2.10:80/tcp  (rr -> wrr)` */
export function printChange(
  env: Env,
  paint: Paint,
  { action, subject, text }: Pick<Change, 'action' | 'text'> & { readonly subject: string },
): void {
  const [mark, tone] = MARKS[action];
  env.stdout.write(`${paint(tone, `${mark} ${subject}`)}${text === '' ? '' : `  (${text})`}\n`);
}

export function printWarnings(env: Env, warnings: readonly string[]): void {
  for (const warning of warnings.slice(0, MAX_WARNINGS)) env.stderr.write(`xlb: warning: ${warning}\n`);
  const left = warnings.length - MAX_WARNINGS;
  if (left > 0) env.stderr.write(`xlb: warning: ${left} more (xlb status)\n`);
}

function summary(changes: readonly Change[]): string {
  const count = (wanted: Change['action']) => changes.filter(({ action }) => action === wanted).length;
  return `${count('add')} to add, ${count('change')} to change, ${count('delete')} to delete`;
}
