/** `xlbd -t`: a configuration file is checked, and nothing else happens. */
import { formatReport } from '../../core/config/format-fault.ts';
import { readConfig } from './read-config.ts';

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
  const loaded = readConfig(file, configId);
  const isBad = loaded.faults.some(({ severity }) => severity === 'error' || strict);
  return { exit: isBad ? 1 : 0, output: formatReport(file, loaded, strict) };
}
