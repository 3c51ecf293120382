/**
 * `xlb decap IFACE`: decapsulation on a real server. No daemon runs there, so
 * this is the one command that loads BPF itself; the code for it is loaded only
 * when the command runs.
 */
import { Command, Option } from 'commander';
import { parseAddress } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import type { DecapReport } from '../realserver/decap.ts';
import { type Env, EXIT } from './env.ts';

interface DecapOptions {
  readonly vip?: readonly string[];
  readonly mode: 'auto' | 'native' | 'generic';
  readonly show?: boolean;
  readonly detach?: boolean;
  readonly json?: boolean;
}

export function decapCommand(env: Env, exit: (code: number) => void): Command {
  return new Command('decap')
    .description('on a real server without an ipip device: strip tunnel headers')
    .argument('<iface>', 'name of the interface, like eth0')
    .option('--vip <address...>', 'virtual addresses; they replace earlier ones')
    .addOption(new Option('--mode <mode>', 'as for attach').choices(['native', 'generic', 'auto']).default('auto'))
    .option('--show', 'print addresses and counters')
    .option('--detach', 'remove it')
    .option('--json', 'print JSON')
    .action(async (name: string, options: DecapOptions) => exit(await decap(env, name, options)));
}

async function decap(env: Env, name: string, options: DecapOptions): Promise<number> {
  const fault = usageFault(options);
  if (fault !== undefined) {
    env.stderr.write(`xlb: ${fault}\n`);
    return EXIT.usage;
  }
  const { attachDecap, DecapError, detachDecap, showDecap } = await import('../realserver/decap.ts');
  try {
    if (options.detach) {
      await detachDecap(name);
      env.stdout.write(options.json ? `${JSON.stringify({ interface: name })}\n` : `${name} detached\n`);
    } else if (options.show) {
      print(env, await showDecap(name), options);
    } else {
      const { report, warnings } = await attachDecap(name, addresses(options), options.mode);
      for (const warning of warnings) env.stderr.write(`xlb: warning: ${warning}\n`);
      if (options.json) print(env, report, options);
      else env.stdout.write(`${name} attached, ${report.mode} mode, for ${report.vips.join(' ')}\n`);
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof DecapError) && !isBpfError(error)) throw error;
    env.stderr.write(`xlb: ${error.message}\n`);
    return EXIT.problem;
  }
}

/** libbpf-ts is not this folder's to import; its errors are known by name. */
function isBpfError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'BpfError';
}

function usageFault({ vip = [], show, detach }: DecapOptions): string | undefined {
  const asked = [vip.length > 0, show, detach].filter(Boolean).length;
  if (asked !== 1) return 'decap takes one of --vip ADDRESS..., --show and --detach';
  const bad = vip.find((text) => parseAddress(text) === null);
  return bad === undefined ? undefined : `--vip ${bad}: expected an IPv4 or IPv6 address`;
}

function addresses({ vip = [] }: DecapOptions): Address[] {
  return vip.flatMap((text) => parseAddress(text) ?? []);
}

function print(env: Env, report: DecapReport, { json }: DecapOptions): void {
  if (json) {
    env.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  env.stdout.write(`${report.interface}  decapsulation, ${report.mode} mode\n`);
  for (const vip of report.vips) env.stdout.write(`  vip ${vip}\n`);
  for (const [reason, count] of Object.entries(report.counters)) {
    env.stdout.write(`  ${reason.padEnd(16)} ${count}\n`);
  }
}
