/** What could stand where the cursor is: from the table of commands, and from the daemon. */
import type { Command, Option } from 'commander';
import { Client } from '../api/client.ts';
import { FILTER_WORDS } from '../api/protocol/connection-filter.ts';
import { SHOWN_STATES } from '../api/protocol/connection-states.ts';
import { parseServiceKey, serverKeyText } from '../core/model/service-key.ts';
import { SYSCTL_NAMES, SYSCTLS } from '../core/model/sysctls.ts';
import { socketPath, withRunDir } from './connect.ts';
import type { Env } from './env.ts';

export interface Candidate {
  readonly value: string;
  /** What it is; may be empty. */
  readonly text: string;
}

/** Asks the shell for file names. */
const FILES: readonly Candidate[] = [{ value: ':files', text: '' }];
/** Options whose value is a path. */
const FILE_OPTIONS = ['--run-dir', '--trace', '--plot'];
/** A shell that waits for a hung daemon is worse than no names. Milliseconds. */
const PATIENCE = 1000;

/** `words` are those after the program's name; the last one is being typed. Never throws. */
export async function candidates(program: Command, words: readonly string[], env: Env): Promise<readonly Candidate[]> {
  const place = locate(program, words.slice(0, -1));
  const current = words.at(-1) ?? '';
  try {
    const found = await at(place, current, env);
    return found === FILES ? FILES : found.filter(({ value }) => value.startsWith(current));
  } catch {
    return [];
  }
}

interface Place {
  readonly command: Command;
  /** Arguments of the command that stand before the cursor. */
  readonly given: readonly string[];
  /** The option whose value is being typed. */
  readonly option: Option | undefined;
  readonly runDir: string | undefined;
}

function locate(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let runDir: string | undefined;
  const given: string[] = [];
  for (const word of words) {
    if (option !== undefined) {
      if (option.long === '--run-dir') runDir = word;
      option = undefined;
    } else if (word.startsWith('-')) {
      if (word.startsWith('--run-dir=')) runDir = word.slice('--run-dir='.length);
      option = optionsOf(command).find((known) => known.required && (known.long === word || known.short === word));
    } else {
      const child = command.commands.find((known) => known.name() === word);
      if (child === undefined) given.push(word);
      else command = child;
    }
  }
  return { command, given, option, runDir };
}

function optionsOf(command: Command): readonly Option[] {
  return [...command.options, ...(command.parent === null ? [] : optionsOf(command.parent))];
}

async function at(place: Place, current: string, env: Env): Promise<readonly Candidate[]> {
  const { command, given, option } = place;
  if (option !== undefined) return optionValues(option);
  if (current.startsWith('-')) return optionsOf(command).map(({ long, description }) => candidate(long, description));
  const visible = command.createHelp().visibleCommands(command);
  if (visible.length > 0) return visible.map((child) => candidate(child.name(), child.description()));
  const argument = command.registeredArguments[given.length] ?? command.registeredArguments.at(-1);
  if (argument === undefined || (given.length >= command.registeredArguments.length && !argument.variadic)) return [];
  if (argument.argChoices) return argument.argChoices.map((choice) => candidate(choice));
  return await argumentValues(argument.name(), place, env);
}

function optionValues(option: Option): readonly Candidate[] {
  if (FILE_OPTIONS.includes(option.long ?? '')) return FILES;
  return (option.argChoices ?? []).map((choice) => candidate(choice));
}

/** Arguments are known by their name in the help. */
async function argumentValues(
  name: string,
  { command, given, runDir }: Place,
  env: Env,
): Promise<readonly Candidate[]> {
  const client = new Client({ socket: socketPath(withRunDir(env, runDir)), timeout: PATIENCE, signal: env.signal });
  switch (name) {
    case 'service':
      if (command.name() === 'add' && command.parent?.name() === 'service') return [];
      return (await client.services()).services.map((service) => candidate(service.name, service.scheduler));
    case 'server':
      return command.name() === 'add' ? [] : await serversOf(client, given[0] ?? '');
    case 'address':
      return command.name() === 'delete' ? await localAddressesOf(client) : [];
    case 'iface':
      return command.name() === 'detach' ? await attached(client) : await interfacesOf(env);
    case 'setting':
      return SYSCTL_NAMES.map((known) => candidate(known, SYSCTLS[known].text));
    case 'filter':
      return filterWords();
    case 'name':
      return (await import('../api/protocol/schemas.ts')).SCHEMA_NAMES.map((known) => candidate(known));
    case 'file':
      return FILES;
    default:
      return [];
  }
}

async function serversOf(client: Client, service: string): Promise<readonly Candidate[]> {
  const key = parseServiceKey(service);
  if (key === null) return [];
  const { servers } = await client.servers(key);
  return servers.map((server) => candidate(serverKeyText(server), `${server.method}, ${server.state.effective}`));
}

async function localAddressesOf(client: Client): Promise<readonly Candidate[]> {
  const { local_addresses } = await client.localAddresses();
  return local_addresses.map(({ address, service }) => candidate(address, service ?? ''));
}

async function attached(client: Client): Promise<readonly Candidate[]> {
  const { interfaces } = await client.interfaces();
  return interfaces.map(({ name, mode }) => candidate(name, mode ?? ''));
}

async function interfacesOf(env: Env): Promise<readonly Candidate[]> {
  const lines = (await env.readFile('/proc/net/dev')).split('\n').slice(2);
  const names = lines.map((line) => line.split(':')[0]?.trim() ?? '');
  return names.filter((name) => name !== '' && name !== 'lo').map((name) => candidate(name));
}

function filterWords(): readonly Candidate[] {
  const states = SHOWN_STATES.map((state) => candidate(`state=${state}`));
  const words = Object.entries(FILTER_WORDS).filter(([word]) => word !== 'min_age' && word !== 'state');
  return [
    ...words.map(([word, text]) => candidate(`${word}=`, text)),
    ...states,
    candidate('age>', 'at least this old'),
  ];
}

function candidate(value: string | undefined, text = ''): Candidate {
  return { value: value ?? '', text };
}
