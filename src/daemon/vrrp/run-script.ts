/** One run of a tracked script. */
import { exitFault, runConfigured } from '../programs/programs.ts';
import type { ConfiguredScript, Run } from './script-runner.ts';

export function runScript({ argv, user, rules }: ConfiguredScript): Run {
  const { exit, kill } = runConfigured({ argv, as: user, rules, onLine: null });
  const ended = exit.then((end) => {
    const fault = exitFault(end);
    return { ok: fault === null, reason: `${argv[0]} ${fault ?? 'succeeded'}` };
  });
  return { ended, kill: (signal) => void kill(signal) };
}
