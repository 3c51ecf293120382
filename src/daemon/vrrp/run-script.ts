/** Runs a tracked script, without a shell. */
import { spawn } from 'node:child_process';
import type { ConfiguredScript, Run } from './script-runner.ts';

export function runScript(script: ConfiguredScript): Run {
  const [file = '', ...args] = script.argv;
  const child = spawn(file, args, { stdio: 'ignore', detached: true });
  const ended = new Promise<{ ok: boolean }>((resolve) => {
    child.on('error', () => resolve({ ok: false }));
    child.on('exit', (code) => resolve({ ok: code === 0 }));
  });
  return { ended, kill: (signal) => void (child.pid && process.kill(-child.pid, signal)) };
}
