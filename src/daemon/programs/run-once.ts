/** The two programs of a configuration that run once. */
import type { Programs } from '../../core/config/model/programs.ts';
import type { Log } from '../log.ts';
import { exitFault, runToEnd } from './programs.ts';

/** `startup` before anything else, `shutdown` after everything else. One that fails is a warning. */
export async function runOnce(which: 'startup' | 'shutdown', rules: Programs | undefined, log: Log): Promise<void> {
  const program = rules?.[which];
  if (rules === undefined || program == null) return;
  const { argv, as } = program.script;
  const exit = await runToEnd({ argv, as, rules, onLine: null }, program.timeout * 1000);
  const fault = exitFault(exit);
  if (fault !== null) log.warn({}, `${which}_script: ${argv[0]} ${fault}`);
}
