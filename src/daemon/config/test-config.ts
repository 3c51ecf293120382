/** `xlbd -t`: a configuration file is checked, and nothing else happens. */
import { hostname } from 'node:os';
import { formatReport } from '../../core/config/format-fault.ts';
import { loadConfig } from '../../core/config/load.ts';
import { configFiles } from './files.ts';
import { thisMachine } from './machine.ts';

export interface TestRequest {
  readonly file: string;
  /** Warnings count as errors. */
  readonly strict: boolean;
  /** What `@id` is compared with; undefined: the first label of the host's name. */
  readonly configId: string | undefined;
}

export interface TestResult {
  /** 0: the file can be used, 1: it cannot. */
  readonly exit: 0 | 1;
  /** For standard error. */
  readonly output: string;
}

export function testConfig({ file, strict, configId }: TestRequest): TestResult {
  const host = hostname().split('.')[0]!;
  const id = configId ?? host;
  const surroundings = {
    configId: id,
    instance: id,
    environment: (name: string) => process.env[name],
    random: (min: number, max: number) => min + Math.floor(Math.random() * (max - min + 1)),
  };
  const loaded = loadConfig({ path: file, files: configFiles, surroundings, machine: thisMachine() });
  const isBad = loaded.faults.some(({ severity }) => severity === 'error' || strict);
  return { exit: isBad ? 1 : 0, output: formatReport(file, loaded, strict) };
}
