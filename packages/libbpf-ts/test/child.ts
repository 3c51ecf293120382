// Runs a script of test/children in a process of its own, for what would take the tests down with
// it, or needs another namespace or other capabilities.

import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface ChildResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs `children/NAME.ts`; `prefix` is a command that runs the rest, such as nsenter. */
export function runChild(
  name: string,
  args: readonly (string | number)[] = [],
  { prefix = [], env = {} }: { prefix?: readonly string[]; env?: Record<string, string> } = {},
): Promise<ChildResult> {
  const script = join(import.meta.dirname, 'children', `${name}.ts`);
  const command = [...prefix, process.execPath, '--import', 'tsx', script, ...args.map(String)];
  return new Promise((resolve, reject) => {
    const child = spawn(command[0] as string, command.slice(1), {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The JSON that a child printed; throws what it said on stderr if it failed. */
export async function childJson<T>(...parameters: Parameters<typeof runChild>): Promise<T> {
  const { code, signal, stdout, stderr } = await runChild(...parameters);
  if (code === 0) return JSON.parse(stdout) as T;
  throw new Error(`${parameters[0]} ended with ${signal ?? code}:\n${stderr}`);
}
