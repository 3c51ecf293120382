/** Finding the daemon: `--run-dir DIR`, else XLB_RUN_DIR, else /run/xlb. */
import { join } from 'node:path';
import { Client } from '../api/client.ts';
import type { Env } from './env.ts';

const DEFAULT_RUN_DIR = '/run/xlb';

export function socketPath(env: Pick<Env, 'vars'>): string {
  return join(env.vars['XLB_RUN_DIR'] || DEFAULT_RUN_DIR, 'xlb.sock');
}

/** A client of the daemon that `env` names; nothing is sent yet. */
export function connect(env: Pick<Env, 'vars' | 'signal'>): Client {
  return new Client({ socket: socketPath(env), signal: env.signal });
}

/** `env` with `--run-dir DIR` taken into account. */
export function withRunDir(env: Env, runDir: string | undefined): Env {
  return runDir === undefined ? env : { ...env, vars: { ...env.vars, XLB_RUN_DIR: runDir } };
}
