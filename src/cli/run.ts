/** Runs one command line: finds who is meant, and turns every outcome into an exit code. */
import { CommanderError } from 'commander';
import { ApiError } from '../api/client.ts';
import { withRunDir } from './connect.ts';
import { type Env, EXIT } from './env.ts';
import { createProgram } from './program.ts';
import { ProblemError, UsageError } from './usage.ts';

const IPVSADM = ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'];
/** Refusals that do not say themselves what they are about. */
const PLACED = ['invalid', 'unknown-field'];
/** What a shell gives a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Returns the exit code; writes to `env` alone. */
export async function run(env: Env): Promise<number> {
  if (IPVSADM.includes(env.program)) return await ipvsadm(env.args, env);
  const { runDir, rest } = leadingRunDir(env.args);
  if (rest[0] === 'ipvsadm') return await ipvsadm(rest.slice(1), withRunDir({ ...env, program: 'ipvsadm' }, runDir));
  try {
    return await runNative(env);
  } catch (error) {
    return failure(env, error);
  }
}

async function ipvsadm(args: readonly string[], env: Env): Promise<number> {
  const { runIpvsadm } = await import('./ipvsadm/index.ts');
  return await runIpvsadm([...args], env);
}

/** `--run-dir DIR` before the command: ipvsadm's own words must not be looked through for it. */
function leadingRunDir(args: readonly string[]): { runDir: string | undefined; rest: readonly string[] } {
  const [first = '', second] = args;
  if (first === '--run-dir') return { runDir: second, rest: args.slice(2) };
  if (first.startsWith('--run-dir=')) return { runDir: first.slice('--run-dir='.length), rest: args.slice(1) };
  return { runDir: undefined, rest: args };
}

async function runNative(env: Env): Promise<number> {
  let code: number = EXIT.ok;
  // The run directory is known only once commander has read it, anywhere on the line.
  const vars = { ...env.vars };
  const program = createProgram({ ...env, vars }, (value) => {
    code = value;
  });
  program.on('option:run-dir', (dir: string) => {
    vars['XLB_RUN_DIR'] = dir;
  });
  if (env.args.length === 0) {
    env.stderr.write(program.helpInformation());
    return EXIT.usage;
  }
  await program.parseAsync([...env.args], { from: 'user' });
  return code;
}

function failure(env: Env, error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (env.signal.aborted) return INTERRUPTED;
  if (error instanceof UsageError) return tell(env, error.message, EXIT.usage);
  if (error instanceof ProblemError) return tell(env, error.message, EXIT.problem);
  if (!(error instanceof ApiError)) throw error;
  // It has the form of a compiler's messages, which editors know.
  if (error.code === 'bad-file') return tellFile(env, error.message);
  const where = PLACED.includes(error.code) && error.commandPath !== '' ? `${error.commandPath}: ` : '';
  return tell(env, where + error.message, error.code === 'unreachable' ? EXIT.unreachable : EXIT.problem);
}

function tellFile(env: Env, report: string): number {
  env.stderr.write(`${report}xlb: nothing was changed\n`);
  return EXIT.problem;
}

function tell(env: Env, message: string, code: number): number {
  env.stderr.write(`xlb: ${message.replace(/\n/g, '\nxlb: ')}\n`);
  return code;
}
