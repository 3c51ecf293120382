/** The options that limit a service's new connections. */
import type { Command } from 'commander';
import type { ServiceReport } from '../api/protocol/services.ts';
import { type LimitsSpec, MAX_BURST, MAX_CONNECTIONS, MAX_RATE } from '../core/model/limits.ts';
import { numberArgument } from './usage.ts';

export interface LimitWords {
  readonly rate?: number;
  readonly burst?: number;
  readonly sourceRate?: number;
  readonly sourceBurst?: number;
  readonly maxConnections?: number;
  readonly sourceConnections?: number;
  /** False: `--no-allow`. */
  readonly allow?: readonly string[] | false;
  readonly deny?: readonly string[] | false;
}

export function withLimits(command: Command): Command {
  const rate = numberArgument(0, MAX_RATE);
  const burst = numberArgument(1, MAX_BURST);
  const connections = numberArgument(0, MAX_CONNECTIONS);
  return command
    .option('--rate <number>', 'new connections a second that get an entry; 0: no limit', rate)
    .option('--burst <number>', 'how many of them may come at once (as many as --rate)', burst)
    .option(
      '--max-connections <number>',
      'connections at a time, above which new ones are dropped; 0: no limit',
      connections,
    )
    .option('--source-rate <number>', 'new connections a second of one source, the rest is dropped; 0: no limit', rate)
    .option('--source-burst <number>', 'how many of them may come at once (as many as --source-rate)', burst)
    .option('--source-connections <number>', 'connections of one source at a time; 0: no limit', connections)
    .option('--allow <prefix...>', 'sources that may connect, like 192.0.2.0/24; all others may not')
    .option('--deny <prefix...>', 'sources that may not; of both lists the longest prefix decides');
}

/** What was said, over what there is; undefined: nothing was said. A new rate brings its own burst. */
export function limitsOf(words: LimitWords, current: ServiceReport['limits']): LimitsSpec | undefined {
  const { rate, burst, sourceRate, sourceBurst, maxConnections, sourceConnections } = words;
  const said = {
    ...(rate !== undefined && { rate, burst: undefined }),
    ...(burst !== undefined && { burst }),
    ...(sourceRate !== undefined && { sourceRate, sourceBurst: undefined }),
    ...(sourceBurst !== undefined && { sourceBurst }),
    ...(maxConnections !== undefined && { connections: maxConnections }),
    ...(sourceConnections !== undefined && { sourceConnections }),
    ...(words.allow !== undefined && { allow: words.allow || [] }),
    ...(words.deny !== undefined && { deny: words.deny || [] }),
  };
  return Object.keys(said).length === 0 ? undefined : { ...(current && specOf(current)), ...said };
}

function specOf(report: NonNullable<ServiceReport['limits']>): LimitsSpec {
  const { rate, burst, connections, allow, deny } = report;
  const { source_rate: sourceRate, source_burst: sourceBurst, source_connections: sourceConnections } = report;
  return { rate, burst, sourceRate, sourceBurst, connections, sourceConnections, allow, deny };
}
