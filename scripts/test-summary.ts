/** Prints `N passed, N failed`, summed over vitest's JSON reports; exit code 1 where a test failed or none ran. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORY = process.argv[2] ?? 'build/test';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that could not even be loaded count as one failure each: vitest reports no test for them. */
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

function read(name: string): { passed: number; failed: number } {
  const report = JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as Report;
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

function main(): number {
  let names: string[] = [];
  try {
    names = readdirSync(DIRECTORY).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const sums = names.map(read);
  const passed = sums.reduce((sum, { passed }) => sum + passed, 0);
  const failed = sums.reduce((sum, { failed }) => sum + failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

process.exitCode = main();
