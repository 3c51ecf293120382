/** ipvsadm and its two scripts, with everything from outside given. */
import type { Env } from '../env.ts';
import type { IpvsBackend } from './backend.ts';
import { Exit } from './exit.ts';
import type { Names } from './names.ts';
import { restore, runLine } from './run.ts';
import { newSession } from './session.ts';
import { saveWords, withoutComments } from './wrappers.ts';

/** Commands of a restore that may go to the daemon at once; far below the 1 MiB that a request may have. */
const RESTORE_BATCH = 1000;

/** What a shell gives a command that Ctrl-C ended. */
const INTERRUPTED = 130;

export type IpvsadmEnv = Pick<Env, 'program' | 'stdout' | 'stderr' | 'readStdin' | 'signal'>;

/** @returns the exit status: 0, 1 (not found in a listing), 2 (mistake, not supported yet) or 255 (refused) */
export async function ipvsadm(
  args: readonly string[],
  env: IpvsadmEnv,
  backend: IpvsBackend,
  names: Names,
): Promise<number> {
  const session = newSession({ backend, names, ...env }, RESTORE_BATCH);
  try {
    if (env.program === 'ipvsadm-restore') {
      await runLine(['-C'], session, env.readStdin);
      return await restore(withoutComments(await env.readStdin()), session);
    }
    if (env.program === 'ipvsadm-save') return await runLine(saveWords(args), session, env.readStdin);
    return await runLine(args.length === 0 ? ['-L'] : args, session, env.readStdin);
  } catch (error) {
    if (env.signal.aborted) return INTERRUPTED;
    if (!(error instanceof Exit)) throw error;
    env.stdout.write(error.stdout);
    env.stderr.write(error.stderr);
    return error.status;
  }
}
