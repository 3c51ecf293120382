/** What all nouns share: they read a report and show it, once or again and again. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ApiError, type Client } from '../api/client.ts';
import { connect } from './connect.ts';
import { type Env, EXIT } from './env.ts';
import { type Paint, paintFor } from './format/colour.ts';

export type OutputFormat = 'text' | 'json' | 'tsv';

export interface OutputOptions {
  readonly output: OutputFormat;
  readonly json?: boolean;
}

export interface NounOptions extends OutputOptions {
  /** Seconds between two looks. */
  readonly watch?: number;
}

/** How text is to look. */
export interface View {
  readonly paint: Paint;
  /** Characters of a line. */
  readonly width: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Noun<Report> {
  fetch(client: Client): Promise<Report>;
  text(report: Report, view: View): string;
  tsv(report: Report): string;
  /** Exit code; left out: 0. */
  exit?(report: Report): number;
}

const DEFAULT_PERIOD = 2;
const CLEAR_SCREEN = '\u001b[H\u001b[2J\u001b[3J';

/** Adds `--json` and `-o FORMAT`. */
export function withOutput(command: Command): Command {
  return command
    .option('--json', 'print JSON; the same as -o json')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json', 'tsv']).default('text'));
}

/** Adds what every noun takes. */
export function withNounOptions(command: Command): Command {
  return withOutput(command).option('--watch [seconds]', 'look again and again, every 2 seconds or so many', period);
}

function period(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.1 && seconds <= 86400)) throw new InvalidArgumentError('Expected seconds, 0.1 to 86400.');
  return seconds;
}

export function formatOf(options: OutputOptions): OutputFormat {
  return options.json ? 'json' : options.output;
}

export function viewOf(env: Env): View {
  return { paint: paintFor(env), width: env.columns, now: env.now() };
}

/** Shows the report, and with --watch goes on until Ctrl-C; returns the exit code. */
export async function showNoun<Report>(env: Env, options: NounOptions, noun: Noun<Report>): Promise<number> {
  const client = connect(env);
  return await repeat(env, options, async (begin) => {
    const report = await noun.fetch(client);
    begin();
    env.stdout.write(render(env, formatOf(options), noun, report));
    return noun.exit?.(report) ?? EXIT.ok;
  });
}

function render<Report>(env: Env, format: OutputFormat, noun: Noun<Report>, report: Report): string {
  if (format === 'json') return `${JSON.stringify(report)}\n`;
  return format === 'tsv' ? noun.tsv(report) : noun.text(report, viewOf(env));
}

/** Looks and prints; is to call `begin` before it prints, and returns the exit code. */
export type Look = (begin: () => void) => Promise<number>;

/** Looks once, or with --watch until Ctrl-C. The first look must succeed; later ones may miss a daemon that restarts. */
export async function repeat(env: Env, options: NounOptions, look: Look): Promise<number> {
  if (options.watch === undefined) return await look(() => {});
  const seconds = typeof options.watch === 'number' ? options.watch : DEFAULT_PERIOD;
  for (let first = true; !env.signal.aborted; first = false) {
    try {
      await look(() => env.stdout.write(separator(env, options, first)));
    } catch (error) {
      if (env.signal.aborted) break;
      if (first || !(error instanceof ApiError) || error.code !== 'unreachable') throw error;
      env.stderr.write(`xlb: ${error.message.split('\n')[0]}; trying again\n`);
    }
    await pause(seconds * 1000, env.signal);
  }
  return EXIT.ok;
}

/** Between two looks: a clean screen for a person, an empty line in a file, nothing between lines of JSON. */
function separator(env: Env, options: NounOptions, first: boolean): string {
  if (formatOf(options) === 'json') return '';
  if (formatOf(options) === 'text' && env.stdoutIsTty) return CLEAR_SCREEN;
  return first ? '' : '\n';
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
