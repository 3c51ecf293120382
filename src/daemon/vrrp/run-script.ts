/** One run of a tracked script. */
import { runOperatorProgram } from '../programs/operator-program.ts';
import type { ConfiguredScript, Run } from './script-runner.ts';

export function runScript({ argv, user, secure }: ConfiguredScript): Run {
  const { ended, kill } = runOperatorProgram({ argv, user, secure });
  return { ended: ended.then(({ code, reason }) => ({ ok: code === 0, reason })), kill };
}
