/** What a file asks of this machine that it does not have. Warnings only: the file means it all the same. */
import type { File } from '../keywords/root.ts';
import type { Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';
import { commandsOf, interfacesOf, usersOf } from './mentions.ts';

/** This machine, as the shell tells the core of it. */
export interface Machine {
  hasInterface(name: string): boolean;
  hasUser(name: string): boolean;
  /** Whether a command could be run: its program is looked for as a shell would. */
  program(path: string): 'runs' | 'missing' | 'not executable';
}

export function checkMachine(file: File, machine: Machine, report: Report): void {
  const dynamic = file.global_defs?.some(({ block }) => block.dynamic_interfaces !== undefined) ?? false;
  if (!dynamic) checkInterfaces(file, machine, report);
  for (const { name, word } of usersOf(file)) {
    if (!machine.hasUser(name)) report.warning(word.at, `this machine has no user '${name}'`);
  }
  for (const { program, word } of commandsOf(file)) {
    const found = machine.program(program);
    if (found === 'missing') report.warning(word.at, `this machine has no '${program}', so it cannot be run`);
    if (found === 'not executable') report.warning(word.at, `'${program}' is not executable, so it cannot be run`);
  }
}

/** Each interface once, where it is named first. */
function checkInterfaces(file: File, machine: Machine, report: Report): void {
  const first = new Map<string, Word>();
  for (const { name, word } of interfacesOf(file)) if (!first.has(name)) first.set(name, word);
  for (const [name, word] of first) {
    if (!machine.hasInterface(name)) report.warning(word.at, `this machine has no interface '${name}'`);
  }
}
