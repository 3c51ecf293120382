/** The command line of xlbd. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { RequestedMode } from '../dataplane/attach-plan.ts';
import { DEFAULT_SIZES } from '../dataplane/sizes.ts';
import type { TestRequest } from './config/test-config.ts';
import { LOG_LEVELS, type LogLevel } from './log.ts';

/** What the command line says; left out: the configuration file may say it. */
export interface GivenOptions {
  readonly interfaces: readonly string[];
  readonly logLevel: LogLevel;
  readonly xdpMode?: RequestedMode;
  readonly connections?: number;
  readonly services?: number;
  readonly realServers?: number;
  readonly scheduleLines?: number;
  readonly metrics?: { readonly host: string; readonly port: number };
  readonly runDir?: string;
  readonly group?: string;
  readonly stateDir?: string;
  readonly bpffs?: string;
}

export interface RunRequest {
  readonly given: GivenOptions;
  /** The configuration file; undefined: commands alone say what runs. */
  readonly file: string | undefined;
  /** What `@id` is compared with; undefined: the first label of the host's name. */
  readonly configId: string | undefined;
}

export type ParsedOptions =
  | { readonly run: RunRequest }
  /** A file is to be checked, and nothing to be started. */
  | { readonly test: TestRequest }
  /** What to print, and the exit status: nothing is to be started. */
  | { readonly exit: number; readonly output: string };

export const DEFAULTS = { runDir: '/run/xlb', stateDir: '/var/lib/xlb', bpffs: '/sys/fs/bpf/xlb' } as const;

/** `argv` without node and script. */
export function parseOptions(argv: readonly string[], version: string): ParsedOptions {
  let output = '';
  const command = addFileOptions(createCommand(version)).configureOutput({
    writeOut: (text) => {
      output += text;
    },
    writeErr: (text) => {
      output += text;
    },
  });
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exit: error.exitCode === 0 ? 0 : 2, output };
  }
  const values = command.opts<Values>();
  if (values.test) return testRequest(values);
  const { file, test: _test, strict: _strict, configId, interface: interfaces, ...given } = values;
  return { run: { given: { ...given, interfaces: [...new Set(interfaces)] }, file, configId } };
}

type Values = Omit<GivenOptions, 'interfaces'> & {
  readonly interface: readonly string[];
  readonly file?: string;
  readonly test?: boolean;
  readonly strict?: boolean;
  readonly configId?: string;
};

function testRequest({ file, strict, configId }: Values): ParsedOptions {
  if (file === undefined) return { exit: 2, output: 'xlbd: found -t alone, expected the file to check: -t -f FILE\n' };
  return { test: { file, strict: strict ?? false, configId } };
}

/** Options that are about a configuration file. */
function addFileOptions(command: Command): Command {
  return command
    .option('-f, --file <file>', 'configuration file, in the language of keepalived.conf; SIGHUP reads it again')
    .option('-t, --test', 'check the configuration file and exit: 0 if it can be used, 1 if not')
    .option('--strict', 'for -t: warnings are errors')
    .option(
      '--config-id <id>',
      "what @id lines of the file are compared with (default: the first label of the host's name)",
    );
}

function createCommand(version: string): Command {
  return new Command('xlbd')
    .description('The controller of xlb, an XDP load balancer. It runs in the foreground; xlb talks to it.')
    .version(`xlbd ${version}`, '--version')
    .exitOverride()
    .allowExcessArguments(false)
    .addOption(
      new Option('-i, --interface <name>', 'attach the data plane to this interface; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--run-dir <dir>', `directory of the socket (default: ${DEFAULTS.runDir})`)
    .option('--bpffs <dir>', `directory of the pinned maps and links (default: ${DEFAULTS.bpffs})`)
    .option(
      '--state-dir <dir>',
      `directory of the state file (default: the run directory where it is given, or ${DEFAULTS.stateDir})`,
    )
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .addOption(new Option('--metrics <addr:port>', 'serve /metrics, and nothing else, there').argParser(parseListen))
    .addOption(
      new Option(
        '--xdp-mode <mode>',
        'for interfaces: native falls back to generic in mode auto (default: auto)',
      ).choices(['auto', 'native', 'generic']),
    )
    .addOption(
      sizeOption(
        '--connections <n>',
        'slots of the connection table, made a power of two',
        DEFAULT_SIZES.connections,
        67108864,
      ),
    )
    .addOption(sizeOption('--services <n>', 'room for virtual services', DEFAULT_SIZES.services, 1 << 20))
    .addOption(
      sizeOption('--real-servers <n>', 'room for real servers of all services', DEFAULT_SIZES.realServers, 1 << 22),
    )
    .addOption(
      sizeOption(
        '--schedule-lines <n>',
        'room for schedules, in lines of 64 bytes',
        DEFAULT_SIZES.scheduleLines,
        1 << 25,
      ),
    )
    .option('--group <name>', 'group that may talk to the socket, beside root');
}

function sizeOption(flags: string, description: string, standard: number, max: number): Option {
  return new Option(flags, `${description} (default: ${standard})`).argParser((text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 16 && value <= max) return value;
    throw new InvalidArgumentError(`expected a number from 16 to ${max}.`);
  });
}

function collect(name: string, names: readonly string[]): string[] {
  if (!/^[^\s/]{1,15}$/.test(name)) throw new InvalidArgumentError('expected the name of an interface.');
  return [...names, name];
}

/** `127.0.0.1:9100`, `[::1]:9100` or `:9100` (every address). */
function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) throw new InvalidArgumentError('expected address:port, like 127.0.0.1:9100.');
  return { host: match[1] ?? (match[2] || '::'), port };
}
