/**
 * Words -> what they say. Options take effect in the order in which they stand,
 * as in ipvsadm: a mistake in an earlier one is told before a mistake in a later
 * one, and `-r` before `-t` does not know the service's port.
 */
import { Exit, fail, tryHelp } from './exit.ts';
import { HANDLERS } from './handlers.ts';
import { HELP, VERSION } from './help.ts';
import type { Names } from './names.ts';
import { COMMAND_OPTIONS, type CommandName, OPTIONS, type OptionName } from './options.ts';
import { OptionReader } from './popt.ts';
import { schedulerFlags } from './scheduler-flags.ts';
import { parseTimeout } from './timeout.ts';
import { newWords, type Words } from './words.ts';

/** A mistake that ends this line with status 255, but not a restore. */
export interface Misread {
  readonly misread: string;
}

/** @throws Exit where ipvsadm exits: mistakes, help, version */
export async function parse(args: readonly string[], names: Names): Promise<Words | Misread> {
  const reader = new OptionReader(OPTIONS, args);
  const { command, argument } = readCommand(reader);
  const words = newWords(command);
  if (isSyncState(argument)) words.daemon.state = argument;
  let flags = '';
  for (let token = reader.next(); token.type !== 'end'; token = reader.next()) {
    if (token.type === 'error') return { misread: `${reader.word}: ${token.reason}\n` };
    const handle = HANDLERS[token.name];
    if (handle === undefined) fail(`invalid option \`${reader.word}'`);
    await handle(words, token.argument, names);
    if (token.name === 'sched-flags') flags = token.argument ?? '';
  }
  readOthers(words, reader);
  // Last of all, since the scheduler may stand after its flags.
  words.service.schedulerFlags = schedulerFlags(words.service.scheduler, flags);
  return words;
}

function readCommand(reader: OptionReader<OptionName>): { command: CommandName; argument: string | undefined } {
  const token = reader.next();
  if (token.type !== 'option') tryHelp();
  if (token.name === 'help') throw new Exit(0, { stdout: HELP });
  if (token.name === 'version') throw new Exit(0, { stdout: VERSION });
  if (!isCommand(token.name)) tryHelp();
  const isState = isSyncState(token.argument);
  if (token.name === 'start-daemon' && !isState) fail('illegal start-daemon parameter specified');
  if (token.name === 'stop-daemon' && !isState) fail('illegal start_daemon specified');
  return { command: COMMAND_OPTIONS[token.name], argument: token.argument };
}

function isSyncState(argument: string | undefined): argument is 'master' | 'backup' {
  return argument === 'master' || argument === 'backup';
}

/** Words that are no options: only the three timeouts of --set may be there. */
function readOthers(words: Words, reader: OptionReader<OptionName>): void {
  if (words.command === 'set') {
    const texts = [reader.takeOther(), reader.takeOther(), reader.takeOther()];
    if (texts.includes(undefined)) fail('--set option requires 3 timeout values');
    const [tcp = 0, tcpFin = 0, udp = 0] = texts.map((text) => parseTimeout(text ?? '', 0));
    words.timeouts = { tcp, tcpFin, udp };
  }
  const other = reader.takeOther();
  if (other !== undefined) fail(`unexpected argument ${other}`);
}

function isCommand(name: OptionName): name is OptionName & keyof typeof COMMAND_OPTIONS {
  return Object.hasOwn(COMMAND_OPTIONS, name);
}
