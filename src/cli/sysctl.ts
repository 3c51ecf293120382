/** `xlb sysctl`: IPVS's switches, by their own names. */
import type { Command } from 'commander';
import { isSysctl, SYSCTL_NAMES, SYSCTLS, type SysctlName } from '../core/model/sysctls.ts';
import { type ChangeOptions, change, verb } from './change.ts';
import { connect } from './connect.ts';
import { type Env, EXIT } from './env.ts';
import { UsageError } from './usage.ts';

export function sysctlCommand(env: Env, exit: (code: number) => void): Command {
  return verb('sysctl')
    .description("list, read or set IPVS's switches (net.ipv4.vs.*)")
    .argument('[setting...]', 'NAME reads one, NAME=VALUE sets it; all of them where left out')
    .action(async (words: readonly string[], options: ChangeOptions) => exit(await run(env, words, options)));
}

async function run(env: Env, words: readonly string[], options: ChangeOptions): Promise<number> {
  const assignments = words.filter((word) => word.includes('='));
  if (assignments.length === 0) return await show(env, words.map(nameOf), options);
  if (assignments.length < words.length) throw new UsageError('found names to read and to set, expected one kind');
  const values = Object.fromEntries(assignments.map(assignment));
  return await change(env, options, [{ type: 'sysctl.set', values }]);
}

async function show(env: Env, names: readonly SysctlName[], { json }: ChangeOptions): Promise<number> {
  const { sysctls = {} } = await connect(env).document();
  const wanted = names.length === 0 ? SYSCTL_NAMES : names;
  const values = Object.fromEntries(wanted.map((name) => [name, settingOf(sysctls, name)]));
  if (json) env.stdout.write(`${JSON.stringify(values)}\n`);
  else for (const name of wanted) env.stdout.write(`${name} = ${values[name]}\n`);
  return EXIT.ok;
}

/** A daemon of an older version does not tell of all. */
function settingOf(sysctls: Partial<Record<SysctlName, number | undefined>>, name: SysctlName): number {
  return sysctls[name] ?? SYSCTLS[name].default;
}

function assignment(word: string): [SysctlName, number] {
  const at = word.indexOf('=');
  const text = word.slice(at + 1).trim();
  const name = nameOf(word.slice(0, at).trim());
  const { min, max } = SYSCTLS[name];
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`found ${word}, expected a number from ${min} to ${max} behind ${name}=`);
  return [name, value];
}

/** With or without the kernel's prefix. */
function nameOf(word: string): SysctlName {
  const name = word.replace(/^net\.ipv4\.vs\./, '');
  if (isSysctl(name)) return name;
  throw new UsageError(`found ${word}, expected one of ${SYSCTL_NAMES.join(', ')}`);
}
