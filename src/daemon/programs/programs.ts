/** All programs that a configuration names run through here: as whom, and whether at all. */
import type { User } from '../../core/config/forms/scripts.ts';
import type { ProgramRules } from '../../core/config/model/programs.ts';
import { Accounts, type Identity } from './accounts.ts';
import { findProgram } from './find-program.ts';
import { type Exit, notRun, ownIdentity, type Run, runProgram } from './run-program.ts';
import { lookAtFile, scriptFault } from './script-fault.ts';

export interface ConfiguredProgram {
  readonly argv: readonly string[];
  /** null: the user for all. */
  readonly as: User | null;
  readonly rules: ProgramRules;
  /** Gets each line that it prints; null: nobody reads that. */
  readonly onLine: ((line: string) => void) | null;
}

/** Milliseconds from SIGTERM to SIGKILL. */
const TERM_TO_KILL = 2000;

/** Checked anew for each run. */
export function runConfigured({ argv, as, rules, onLine }: ConfiguredProgram): Run {
  const [program = '', ...args] = argv;
  const identity = identityOf(as, rules);
  if ('error' in identity) return notRun(identity.error);
  const found = findProgram(program);
  if (typeof found === 'string')
    return notRun(found === 'missing' ? `there is no program '${program}'` : `'${program}' is not executable`);
  const fault = rules.security ? scriptFault(found.path, identity, lookAtFile) : null;
  if (fault !== null) return notRun(`${fault}; enable_script_security does not let it run`);
  return runProgram({ argv: [found.path, ...args], identity, onLine });
}

/** Ended where it takes longer than `timeout` milliseconds. */
export async function runToEnd(program: ConfiguredProgram, timeout: number): Promise<Exit> {
  const run = runConfigured(program);
  const timers = [
    setTimeout(() => run.kill('SIGTERM'), timeout),
    setTimeout(() => run.kill('SIGKILL'), timeout + TERM_TO_KILL),
  ];
  const exit = await run.exit;
  for (const timer of timers) clearTimeout(timer);
  return exit;
}

/** Who that is; null: the user for all. */
export function identityOf(as: User | null, rules: ProgramRules): Identity | { readonly error: string } {
  try {
    const accounts = Accounts.read();
    const wanted = as ?? rules.user;
    return wanted === null ? accounts.scriptUser(ownIdentity()) : accounts.resolve(wanted, rules.supplementaryGroups);
  } catch (error) {
    return { error: `users cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** A sentence's end about a program that did not end well; null: it did. */
export function exitFault(exit: Exit): string | null {
  if ('error' in exit) return `did not run: ${exit.error}`;
  if (exit.signal !== null) return `was ended by ${exit.signal}`;
  return exit.code === 0 ? null : `ended with exit status ${exit.code}`;
}
