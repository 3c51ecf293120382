/** `xlb simulate`: who would get which connections. Asks no daemon; the code for it is loaded only when it runs. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { MAX_WEIGHT } from '../core/model/server.ts';
import { REMOVALS, type Removal } from '../core/simulation/removal.ts';
import { type Env, EXIT } from './env.ts';
import { formatOf, type OutputOptions, viewOf, withOutput } from './noun.ts';
import { type SchedulerWords, withScheduler, withSchedulerFlags } from './scheduler-options.ts';
import { numberArgument, ProblemError } from './usage.ts';

export interface SimulateOptions extends OutputOptions, SchedulerWords {
  readonly weights: readonly number[];
  readonly servers?: readonly string[];
  readonly flows?: number;
  readonly clients?: number;
  readonly destinations?: number;
  readonly trace?: string;
  /** New connections a second. */
  readonly rate: number;
  /** Seconds; Infinity: all stay open. */
  readonly duration: number;
  readonly seed: number;
  readonly remove?: string;
  readonly removeBy?: Removal;
  readonly plot?: string;
}

/** As many as a table of slots can name. */
const MAX_SERVERS = 65534;
/** More take more than ten seconds and a gigabyte. */
const MAX_FLOWS = 1_000_000;

export function simulateCommand(env: Env, exit: (code: number) => void): Command {
  const command = new Command('simulate')
    .description('how a scheduler would spread connections, and what moves when a real server goes; asks no daemon')
    .requiredOption('--weights <list>', 'of the real servers, in the order in which they are added: 3,2,1', weightList)
    .option('--servers <list>', 'ADDRESS or ADDRESS:PORT of each (10.0.0.1:80, 10.0.0.2:80 ...)', listOf);
  return withOutput(crowdOptions(withSchedulerFlags(withScheduler(command, 'mh where left out'))))
    .option('--remove <server>', 'compare with this real server gone: its number, 1 is the first, or its name')
    .addOption(new Option('--remove-by <way>', 'how it goes (delete where left out)').choices(REMOVALS))
    .option('--plot <file>', 'draw it into a file, as SVG')
    .action(async (options: SimulateOptions) => exit(await simulate(env, options)));
}

function crowdOptions(command: Command): Command {
  const count = numberArgument(1, MAX_FLOWS);
  return command
    .option('--flows <number>', 'connections to draw (100000)', count)
    .option('--clients <number>', 'client addresses to draw them from (each connection has its own)', count)
    .option('--destinations <number>', 'virtual addresses that they go to (dh, lblc, lblcr: 256; others: 1)', count)
    .option('--trace <file>', 'connections from a file, a CLIENT PORT a line, instead; - for standard input')
    .option('--rate <number>', 'new connections a second', numberArgument(1, MAX_FLOWS), 100)
    .option('--duration <seconds>', 'how long they stay open in the mean, or forever', seconds, 10)
    .option('--seed <number>', 'another one draws others', numberArgument(0, 0xffffffff), 1);
}

async function simulate(env: Env, options: SimulateOptions): Promise<number> {
  const { simulated } = await import('./simulation/report.ts');
  const report = await simulated(env, options);
  if (options.plot !== undefined) {
    const { plot } = await import('./simulation/plot.ts');
    await write(env, options.plot, plot(report));
  }
  const { simulationText, simulationTsv } = await import('./simulation/text.ts');
  const format = formatOf(options);
  if (format === 'json') env.stdout.write(`${JSON.stringify(report)}\n`);
  else env.stdout.write(format === 'tsv' ? simulationTsv(report) : simulationText(report, viewOf(env)));
  return EXIT.ok;
}

async function write(env: Env, path: string, text: string): Promise<void> {
  try {
    await env.writeFile(path, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ProblemError(`${path}: ${code === 'ENOENT' ? 'no such directory' : message}`);
  }
}

function listOf(text: string): string[] {
  return text.split(',').map((word) => word.trim());
}

function weightList(text: string): number[] {
  const weights = listOf(text);
  const wrong = weights.findIndex((word) => !/^\d{1,10}$/.test(word) || Number(word) > MAX_WEIGHT);
  if (wrong >= 0) {
    throw new InvalidArgumentError(
      `Found '${weights[wrong]}' as weight ${wrong + 1}, expected a number from 0 to ${MAX_WEIGHT}.`,
    );
  }
  if (weights.length > MAX_SERVERS) throw new InvalidArgumentError(`Expected at most ${MAX_SERVERS} weights.`);
  return weights.map(Number);
}

function seconds(text: string): number {
  if (text === 'forever') return Number.POSITIVE_INFINITY;
  if (!/^\d{1,9}(\.\d+)?$/.test(text))
    throw new InvalidArgumentError("Expected seconds, like 10 or 0.5, or 'forever'.");
  return Number(text);
}
