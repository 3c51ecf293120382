/**
 * What `ipvsadm -S` printed on another director, as services with their real
 * servers. Unlike -R nothing is done before all of it has been understood, and
 * every line that cannot be is told.
 */
import type { ServerSpec, ServiceSpec } from '../../core/model/command.ts';
import { serverKeyText, serviceKeyText } from '../../core/model/service-key.ts';
import { check } from './check.ts';
import { toCommand } from './command.ts';
import { Exit } from './exit.ts';
import type { Names } from './names.ts';
import { parse } from './parse.ts';
import { restoreLines } from './restore-lines.ts';
import { unsupportedProperty } from './unsupported.ts';

export interface ImportedServer {
  readonly line: number;
  readonly spec: ServerSpec;
}

export interface ImportedService {
  readonly line: number;
  readonly spec: ServiceSpec;
  /** In the order in which they are added. */
  readonly servers: ImportedServer[];
}

export interface ImportFault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export interface Imported {
  readonly services: readonly ImportedService[];
  readonly faults: readonly ImportFault[];
}

/** Empty lines and those that begin with # are passed over, as ipvsadm-restore does. */
export async function importRules(text: string, names: Names): Promise<Imported> {
  const services = new Map<string, ImportedService>();
  const faults: ImportFault[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const [words = []] = content.startsWith('#') ? [] : [...restoreLines(`${content}\n`)];
    if (words.length === 0) continue;
    const line = index + 1;
    const message = await importRule(words, line, services, names);
    if (message !== undefined) faults.push({ line, message });
  }
  return { services: [...services.values()], faults };
}

/** Adds what a line says; the text of its fault, if it has one. */
async function importRule(
  args: readonly string[],
  line: number,
  services: Map<string, ImportedService>,
  names: Names,
): Promise<string | undefined> {
  const command = await commandOf(args, names);
  if (typeof command === 'string') return command;
  const name = serviceKeyText(command.service);
  const known = services.get(name);
  if (command.type === 'service.add') {
    if (known !== undefined) return `this service stands in line ${known.line} already`;
    services.set(name, { line, spec: command.service, servers: [] });
    return undefined;
  }
  if (known === undefined) return 'no line above adds the service of this real server';
  const server = serverKeyText(command.server);
  const twin = known.servers.find(({ spec }) => serverKeyText(spec) === server);
  if (twin !== undefined) return `this real server stands in line ${twin.line} already`;
  known.servers.push({ line, spec: command.server });
  return undefined;
}

async function commandOf(args: readonly string[], names: Names) {
  try {
    const words = await parse(args, names);
    if ('misread' in words) return words.misread.trim();
    check(words);
    if (words.command !== 'add-service' && words.command !== 'add-server') {
      return `found the command '${words.command}', expected -A or -a, as ipvsadm -S prints them`;
    }
    const unsupported = unsupportedProperty(words);
    if (unsupported !== undefined) return `not supported yet: ${unsupported}`;
    const command = toCommand(words);
    return command?.type === 'service.add' || command?.type === 'server.add' ? command : 'no rule';
  } catch (error) {
    if (error instanceof Exit) return error.stderr.trim() || 'no rule';
    throw error;
  }
}
