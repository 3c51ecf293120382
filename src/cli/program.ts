/** The command line as a whole: every command, and what all of them share. */
import { Command } from 'commander';
import { attachCommand, detachCommand } from './attach.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { configCommand, reloadCommand } from './config.ts';
import { connectionsCommand } from './connections.ts';
import { decapCommand } from './decap.ts';
import { doctorCommand } from './doctor.ts';
import { applyCommand, restoreCommand, saveCommand } from './document.ts';
import type { Env } from './env.ts';
import { importCommand } from './import.ts';
import { interfacesCommand } from './interfaces.ts';
import { localAddressCommand } from './local-address.ts';
import { markCommand } from './mark.ts';
import { schemaCommand } from './schema.ts';
import { serverCommand } from './server.ts';
import { serversCommand } from './servers.ts';
import { serviceCommand } from './service.ts';
import { servicesCommand } from './services.ts';
import { simulateCommand } from './simulate.ts';
import { statsCommand } from './stats.ts';
import { statusCommand } from './status.ts';
import { syncCommand } from './sync.ts';
import { sysctlCommand } from './sysctl.ts';
import { VERSION, versionCommand } from './version.ts';
import { vrrpCommand } from './vrrp.ts';

const EXIT_CODES = `
Exit codes: 0 well, 1 problem found, 2 usage, 3 daemon not reachable.
Nouns read, verbs change. Manual: xlb(1).`;

/** `exit` is told the exit code of the command that ran. */
export function createProgram(env: Env, exit: (code: number) => void): Command {
  const program = new Command('xlb')
    .description('Looks at and changes an xlb director.')
    .version(VERSION, '--version', 'print the version of xlb')
    .option('--run-dir <dir>', 'run directory of the daemon (default: XLB_RUN_DIR, or /run/xlb)')
    .addHelpText('after', EXIT_CODES);
  program.commandsGroup('Nouns:');
  for (const noun of [statusCommand, servicesCommand, serversCommand, connectionsCommand, statsCommand]) {
    program.addCommand(noun(env, exit));
  }
  program.addCommand(interfacesCommand(env, exit));
  program.addCommand(vrrpCommand(env, exit));
  program.addCommand(doctorCommand(env, exit));
  program.addCommand(syncCommand(env, exit));
  program.addCommand(configCommand(env, exit));
  program.commandsGroup('Verbs:');
  const changing = [serviceCommand, serverCommand, localAddressCommand, markCommand];
  for (const verb of [...changing, attachCommand, detachCommand, sysctlCommand]) program.addCommand(verb(env, exit));
  program.addCommand(reloadCommand(env, exit));
  for (const verb of [applyCommand, saveCommand, restoreCommand, importCommand]) program.addCommand(verb(env, exit));
  program.commandsGroup('Trying out:');
  program.addCommand(simulateCommand(env, exit));
  program.commandsGroup('On a real server:');
  program.addCommand(decapCommand(env, exit));
  program.commandsGroup('Others:');
  program.addCommand(ipvsadmHelp());
  for (const other of [schemaCommand, completionCommand, versionCommand]) program.addCommand(other(env, exit));
  program.addCommand(completeCommand(env, exit), { hidden: true });
  configure(program, env);
  return program;
}

/** Stands in the help alone: its words are ipvsadm's, and `run` takes them before commander does. */
function ipvsadmHelp(): Command {
  return new Command('ipvsadm').description('takes the words of ipvsadm(8)').argument('[words...]').helpOption(false);
}

/** All words are theirs. */
const WITHOUT_HELP = ['ipvsadm', '__complete'];

/** Commander must neither exit nor write to the process's own streams; subcommands copy nothing of their own. */
function configure(command: Command, env: Env): void {
  if (!WITHOUT_HELP.includes(command.name())) command.helpOption('-h, --help', 'print help');
  command
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError(`(${commandPath(command)} --help shows what it takes)`)
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(env.columns, 100) })
    .configureOutput({
      writeOut: (text) => void env.stdout.write(text),
      writeErr: (text) => void env.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'xlb: ')),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const child of command.commands) configure(child, env);
}

function commandPath(command: Command): string {
  return command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;
}
