/** For tests: files in memory, and surroundings that are always the same. */
import { Args, type Form } from './form.ts';
import { loadConfig } from './load.ts';
import { Report } from './report.ts';
import type { ConfigFiles, Surroundings } from './source/expand.ts';
import { Text } from './source/text.ts';
import { tokenize } from './source/tokens.ts';

export const SURROUNDINGS: Surroundings = {
  configId: 'lvs1',
  instance: 'lvs1',
  environment: (name) => ({ HOME: '/root' })[name],
  random: (min) => min,
};

/** Patterns may end in `*`. */
export function filesOf(files: Record<string, string>): ConfigFiles {
  return {
    find(pattern) {
      const start = pattern.replace(/\*.*$/, '');
      return Object.keys(files)
        .filter((path) => (pattern.includes('*') ? path.startsWith(start) : path === pattern))
        .sort();
    },
    read: (path) => (path in files ? { text: files[path]! } : { error: 'there is no such file' }),
  };
}

/** One file, on a machine that has everything. */
export function loadText(text: string, others: Record<string, string> = {}) {
  const files = filesOf({ 'x.conf': text, ...others });
  return loadConfig({ path: 'x.conf', files, surroundings: SURROUNDINGS, machine: null });
}

/** `LINE:COLUMN severity text`, without hints. */
export function faultsOf(text: string, others: Record<string, string> = {}): string[] {
  return loadText(text, others).faults.map(
    ({ at, severity, text: said }) => `${at.line}:${at.column} ${severity} ${said}`,
  );
}

/** One value, as it stands in a block. Throws an Error with the first fault. */
export function readWords<V>(form: Form<V>, words: string): V {
  const report = new Report();
  const tokens = tokenize([Text.verbatim(`keyword ${words}`, { file: 'x', line: 1, column: 1 })], report);
  const [keyword, ...rest] = tokens.filter((token) => token.kind === 'word');
  const args = new Args(keyword!, rest, report);
  const value = form.read(args);
  args.finish();
  const [fault] = report.faults;
  if (fault !== undefined || value === undefined) throw new Error(fault?.text ?? 'no value');
  return value;
}
