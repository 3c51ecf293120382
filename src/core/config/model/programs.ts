/** How programs are run, and those that run once. */
import type { Script, User } from '../forms/scripts.ts';
import { last, type Setting } from '../keyword.ts';
import type { Globals } from './globals.ts';

/** Seconds. */
const TIMEOUT = 10;

export interface ProgramRules {
  /** Whose programs are that name nobody; null: of keepalived_script where there is such a user, else of root. */
  readonly user: User | null;
  /** None is run as root that someone else could have written to. */
  readonly security: boolean;
  /** Every program gets all groups of its user. */
  readonly supplementaryGroups: boolean;
}

export interface SingleProgram {
  readonly script: Script;
  /** Seconds. */
  readonly timeout: number;
}

export interface Programs extends ProgramRules {
  /** Before anything else; after everything else. */
  readonly startup: SingleProgram | null;
  readonly shutdown: SingleProgram | null;
}

export function programsOf(globals: Globals): Programs {
  return {
    ...programRulesOf(globals),
    startup: single(globals.startup_script, globals.startup_script_timeout),
    shutdown: single(globals.shutdown_script, globals.shutdown_script_timeout),
  };
}

export function programRulesOf(globals: Globals): ProgramRules {
  return {
    user: last(globals.script_user)?.value ?? null,
    security: globals.enable_script_security !== undefined,
    supplementaryGroups: globals.set_supplementary_groups !== undefined,
  };
}

function single(
  scripts: readonly Setting<Script>[] | undefined,
  timeouts: readonly Setting<number>[] | undefined,
): SingleProgram | null {
  const script = last(scripts)?.value;
  return script === undefined ? null : { script, timeout: last(timeouts)?.value ?? TIMEOUT };
}
