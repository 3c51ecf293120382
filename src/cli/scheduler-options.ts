/** The options that say how a service's connections are spread. */
import { type Command, Option } from 'commander';
import type { SchedulerName, SchedulerOptions } from '../core/model/model.ts';
import { SCHEDULER_NAMES } from '../core/model/schedulers.ts';
import { numberArgument, UsageError } from './usage.ts';

export interface SchedulerWords {
  readonly scheduler?: SchedulerName;
  readonly mhSize?: number;
  /** False where `--no-mh-port` was said; undefined where nothing was. */
  readonly mhPort?: boolean;
  readonly mhFallback?: boolean;
  readonly shPort?: boolean;
  readonly shFallback?: boolean;
}

/** `otherwise`: what holds without `--scheduler`. */
export function withScheduler(command: Command, otherwise: string): Command {
  return command
    .addOption(
      new Option('-s, --scheduler <name>', `how connections are spread (${otherwise})`).choices(SCHEDULER_NAMES),
    )
    .option('--mh-size <slots>', 'mh: size of the ring, a prime like 4093 or 65537', numberArgument(1, 2147483647));
}

/** Flags that can only be turned on: of what does not exist yet. */
export function withSchedulerFlags(command: Command): Command {
  return command
    .option('--mh-port', 'mh: hash the source port too')
    .option('--mh-fallback', "mh: an unavailable server's flows go to others")
    .option('--sh-port', 'sh: hash the source port too')
    .option('--sh-fallback', "sh: an unavailable server's flows go to others");
}

/**
 * What was said, and nothing else. mh's and sh's flag is one and the same, as
 * in the kernel. What the scheduler would not heed is refused.
 */
export function schedulerOptions(words: SchedulerWords, scheduler: SchedulerName): Partial<SchedulerOptions> {
  refuseUnheeded(words, scheduler);
  const options = {
    port: words.mhPort ?? words.shPort,
    fallback: words.mhFallback ?? words.shFallback,
    ringSize: words.mhSize,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function refuseUnheeded(words: SchedulerWords, scheduler: SchedulerName): void {
  const unheeded = (option: string, expected: string): UsageError =>
    new UsageError(`found ${option} with the scheduler ${scheduler}, expected it with ${expected}`);
  if (words.mhSize !== undefined && scheduler !== 'mh') throw unheeded('--mh-size', 'mh');
  if (scheduler === 'mh' || scheduler === 'sh') return;
  if (words.mhPort || words.shPort) throw unheeded(words.mhPort ? '--mh-port' : '--sh-port', 'mh or sh');
  if (words.mhFallback || words.shFallback)
    throw unheeded(words.mhFallback ? '--mh-fallback' : '--sh-fallback', 'mh or sh');
}
