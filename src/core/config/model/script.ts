/** A vrrp_script as it runs. */
import type { User } from '../forms/scripts.ts';
import type { Weight } from '../forms/tracks.ts';
import { last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import type { Globals } from './globals.ts';

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
  /** null: keepalived_script where there is such a user, else root. */
  readonly user: User | null;
  /** Not run as root where someone else could have written it. */
  readonly secure: boolean;
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
    user: (last(block.user) ?? last(globals.script_user))?.value ?? null,
    secure: globals.enable_script_security !== undefined,
  };
}
