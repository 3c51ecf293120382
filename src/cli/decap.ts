/**
 * `xlb decap IFACE`: decapsulation on a real server. No daemon runs there, so
 * this is the one command that loads BPF itself; the code for it is loaded only
 * when the command runs.
 */
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { parseAddress } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import type { DecapMode, DecapReport } from '../realserver/decap.ts';
import { type Env, EXIT } from './env.ts';
import { numberArgument, ProblemError, UsageError } from './usage.ts';

interface DecapOptions {
  readonly vip?: readonly string[];
  readonly mode: DecapMode;
  readonly guePort?: number;
  readonly show?: boolean;
  readonly detach?: boolean;
  readonly json?: boolean;
}

export function decapCommand(env: Env, exit: (code: number) => void): Command {
  return new Command('decap')
    .description('on a real server without an ipip, gre or fou device: strip tunnel headers')
    .argument('<iface>', 'name of the interface, like eth0')
    .option('--vip <address...>', 'virtual addresses; they replace earlier ones')
    .addOption(new Option('--mode <mode>', 'as for attach').choices(['native', 'generic', 'auto']).default('auto'))
    .option('--gue-port <port>', 'with --vip: UDP packets to it are GUE', numberArgument(1, 65535))
    .option('--show', 'print addresses and counters')
    .option('--detach', 'remove it')
    .option('--json', 'print JSON')
    .action(async (name: string, options: DecapOptions) => {
      const action = chooseAction(name, options);
      const { attachDecap, DecapError, detachDecap, showDecap } = await import('../realserver/decap.ts');
      try {
        env.stdout.write(await action({ attachDecap, detachDecap, showDecap }, env));
      } catch (error) {
        if (error instanceof DecapError) throw new ProblemError(error.message);
        throw error;
      }
      exit(EXIT.ok);
    });
}

type RealServer = Pick<typeof import('../realserver/decap.ts'), 'attachDecap' | 'showDecap' | 'detachDecap'>;
/** Returns what is printed. */
type Action = (realserver: RealServer, env: Env) => Promise<string>;

/** Throws a UsageError before anything is loaded. */
function chooseAction(name: string, { vip = [], mode, guePort, show, detach, json = false }: DecapOptions): Action {
  const asked = [vip.length > 0, show, detach].filter(Boolean).length;
  if (asked !== 1) throw new UsageError('decap takes one of --vip ADDRESS..., --show and --detach');
  if (guePort !== undefined && vip.length === 0) throw new UsageError('--gue-port goes with --vip ADDRESS...');
  const addresses = vip.map(vipArgument);
  if (detach) {
    return async ({ detachDecap }, env) => {
      await detachDecap(name);
      const gone = { interface: name, mode: null, vips: [], gue_port: null, counters: {}, warnings: [] };
      return json ? jsonText(env, gone) : `${name} detached\n`;
    };
  }
  return async ({ attachDecap, showDecap }, env) => {
    const report = show
      ? await showDecap(name)
      : await attachDecap(name, addresses, { mode, guePort: guePort ?? null });
    for (const warning of report.warnings) env.stderr.write(`xlb: warning: ${warning}\n`);
    if (json) return jsonText(env, report);
    return show ? reportText(report) : `${name} attached, ${report.mode} mode, for ${report.vips.join(' ')}\n`;
  };
}

function vipArgument(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new UsageError(`--vip ${text}: expected an IPv4 or IPv6 address`);
  return address;
}

/** The envelope of every JSON answer, but for the epoch: that is a daemon's. */
function jsonText(env: Env, body: object): string {
  const time = new Date(env.now()).toISOString();
  return `${JSON.stringify({ schema: 'xlb/1/decap', time, host: hostname(), ...body })}\n`;
}

function reportText(report: DecapReport): string {
  const width = Math.max(...Object.keys(report.counters).map((name) => name.length));
  return [
    `${report.interface}  decapsulation, ${report.mode} mode\n`,
    ...report.vips.map((vip) => `  vip  ${vip}\n`),
    ...(report.gue_port === null ? [] : [`  gue  UDP port ${report.gue_port}\n`]),
    ...Object.entries(report.counters).map(([name, count]) => `  ${name.padEnd(width)}  ${count}\n`),
  ].join('');
}
