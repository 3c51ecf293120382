/** `xlb config show|diff` and `xlb reload`: the configuration file. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { ReloadReport, SettingChange } from '../api/protocol/config.ts';
import { type ChangeOptions, printChange, printWarnings, subjectOf, verb } from './change.ts';
import { connect } from './connect.ts';
import { type Env, EXIT } from './env.ts';
import { paintFor } from './format/colour.ts';

type Exit = (code: number) => void;

interface ReloadOptions extends ChangeOptions {
  readonly reset?: boolean;
}

const RESET = 'also undo what commands did to what the file names';

export function configCommand(env: Env, exit: Exit): Command {
  const show = new Command('show')
    .description('print the configuration file in use, includes and definitions followed')
    .option('--json', 'print it with what it means, as JSON')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const report = await connect(env).config();
      env.stdout.write(json ? `${JSON.stringify(report)}\n` : report.text);
      exit(EXIT.ok);
    });
  const diff = new Command('diff')
    .description('say what a reload would change, and change nothing')
    .argument('[file]', 'the file to compare with; where left out, the one in use as it is now')
    .option('--reset', RESET)
    .option('--json', 'print what would change as JSON')
    .action(async (file: string | undefined, options: ReloadOptions) =>
      exit(await reload(env, file, { ...options, dryRun: true })),
    );
  return new Command('config')
    .description('show the configuration file in use, or compare')
    .addCommand(show)
    .addCommand(diff);
}

export function reloadCommand(env: Env, exit: Exit): Command {
  return verb('reload')
    .description('read the configuration file again; one with errors changes nothing')
    .argument('[file]', 'take this file into use instead')
    .option('--reset', RESET)
    .action(async (file: string | undefined, options: ReloadOptions) => exit(await reload(env, file, options)));
}

async function reload(env: Env, file: string | undefined, options: ReloadOptions): Promise<number> {
  const { dryRun = false, reset = false } = options;
  const path = file === undefined ? undefined : resolve(file);
  const report = await connect(env).reload({ file: path, dryRun, reset, user: env.user });
  if (options.json) env.stdout.write(`${JSON.stringify(report)}\n`);
  else print(env, report);
  return EXIT.ok;
}

/** A line that comes or goes is part of what it is about. */
function settingLine({ action, block, text }: SettingChange) {
  const place = block === '' ? 'top of the file' : block;
  const isLine = action !== 'change' && text !== '';
  return { action, subject: isLine ? `${place}: ${text}` : place, text: isLine ? '' : text };
}

/** Changes are data; what is wrong with the file is talk, as xlbd -t prints it. */
function print(env: Env, { file, changes, settings, report, warnings, dry_run }: ReloadReport): void {
  const paint = paintFor(env);
  for (const change of changes) printChange(env, paint, { ...change, subject: subjectOf(change) });
  for (const change of settings) printChange(env, paint, settingLine(change));
  if (/: (warning|error): /.test(report)) env.stderr.write(report);
  const count = changes.length + settings.length;
  const total = count === 0 ? 'nothing to change' : `${count} change${count === 1 ? '' : 's'}`;
  env.stderr.write(`xlb: ${file}: ${total}${dry_run ? '; nothing was changed' : '; it is in use'}\n`);
  printWarnings(env, warnings);
}
