/** A vrrp_script as it runs. */
import type { User } from '../forms/scripts.ts';
import type { Weight } from '../forms/tracks.ts';
import { last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import type { Globals } from './globals.ts';
import { type ProgramRules, programRulesOf } from './programs.ts';

export interface TrackedScript {
  readonly name: string;
  readonly argv: readonly string[];
  /** Seconds. */
  readonly interval: number;
  readonly timeout: number;
  readonly weight: Weight;
  readonly rise: number;
  readonly fall: number;
  readonly startsFailed: boolean;
  /** null: the user for all. */
  readonly user: User | null;
  readonly rules: ProgramRules;
}

type ScriptSettings = NonNullable<File['vrrp_script']>[number];

export function buildScript({ value: name, block }: ScriptSettings, globals: Globals): TrackedScript {
  const interval = last(block.interval)?.value ?? 1;
  return {
    name,
    argv: last(block.script)?.value.argv ?? [],
    interval,
    timeout: last(block.timeout)?.value || interval,
    weight: last(block.weight)?.value ?? { weight: 0, reverse: false },
    rise: last(block.rise)?.value ?? 1,
    fall: last(block.fall)?.value ?? 1,
    startsFailed: block.init_fail !== undefined,
    user: last(block.user)?.value ?? null,
    rules: programRulesOf(globals),
  };
}
