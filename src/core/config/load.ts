/** A configuration file, from its text to settings that are checked: the stages one after the other. */
import { checkFile } from './check/check-file.ts';
import { checkMachine, type Machine } from './check/machine.ts';
import { checkRunnable } from './check/runnable.ts';
import { type File, ROOT } from './keywords/root.ts';
import { readSettings } from './read.ts';
import { type Fault, Report } from './report.ts';
import { type ConfigFiles, expand, type Surroundings } from './source/expand.ts';
import { tokenize } from './source/tokens.ts';
import { parseTree } from './source/tree.ts';

export interface Loaded {
  /** What could be read; it counts only where no fault is an error. */
  readonly file: File;
  readonly faults: readonly Fault[];
  /** The text of each file that was read. */
  readonly sources: ReadonlyMap<string, string>;
}

export interface LoadOptions {
  readonly path: string;
  readonly files: ConfigFiles;
  readonly surroundings: Surroundings;
  /** null: what this machine has is not looked at. */
  readonly machine: Machine | null;
}

export function loadConfig({ path, files, surroundings, machine }: LoadOptions): Loaded {
  const report = new Report();
  const { lines, sources } = expand(path, files, surroundings, report);
  const statements = parseTree(tokenize(lines, report), ROOT, report);
  const file = readSettings(statements, ROOT, report);
  checkFile(file, report);
  if (!report.hasErrors) checkRunnable(file, report);
  if (machine !== null) checkMachine(file, machine, report);
  return { file, faults: report.faults, sources };
}
