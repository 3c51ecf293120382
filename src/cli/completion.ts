/**
 * `xlb completion SHELL` prints a script that asks `xlb __complete` for
 * candidates, so that names of services, real servers and interfaces are those
 * that are there now.
 */
import { Argument, Command } from 'commander';
import { candidates } from './completion-candidates.ts';
import { SCRIPTS } from './completion-scripts.ts';
import { type Env, EXIT } from './env.ts';

export function completionCommand(env: Env, exit: (code: number) => void): Command {
  return new Command('completion')
    .description('print a completion script: source <(xlb completion bash)')
    .addArgument(new Argument('<shell>', 'bash or zsh').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => {
      env.stdout.write(SCRIPTS[shell]);
      exit(EXIT.ok);
    });
}

/** For the scripts: one candidate a line, with a tab and what it is; a single `:files` asks for file names. */
export function completeCommand(env: Env, exit: (code: number) => void): Command {
  return new Command('__complete')
    .argument('[words...]', 'words after xlb; the last one is being typed')
    .helpOption(false)
    .action(async (words: readonly string[], _options: unknown, command: Command) => {
      const found = await candidates(command.parent ?? command, words, env);
      env.stdout.write(found.map(({ value, text }) => (text === '' ? `${value}\n` : `${value}\t${text}\n`)).join(''));
      exit(EXIT.ok);
    });
}
