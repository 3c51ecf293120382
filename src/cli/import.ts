/** `xlb import`: the configuration of another load balancer. */
import { Command } from 'commander';
import { ApiError } from '../api/client.ts';
import { type ChangeOptions, change, verb } from './change.ts';
import type { Env } from './env.ts';
import type { ImportedService, ImportFault } from './ipvsadm/import-rules.ts';
import { readText } from './read-text.ts';
import { ProblemError } from './usage.ts';

/** Faults that are told; the rest is counted. */
const MAX_FAULTS = 20;

export function importCommand(env: Env, exit: (code: number) => void): Command {
  const ipvsadm = verb('ipvsadm')
    .description('make the services those of a director with IPVS')
    .argument('<file>', 'what ipvsadm -S -n printed there; - for standard input')
    .action(async (file: string, options: ChangeOptions) => exit(await importIpvsadm(env, file, options)));
  return new Command('import').description('take over the services of another load balancer').addCommand(ipvsadm);
}

async function importIpvsadm(env: Env, file: string, options: ChangeOptions): Promise<number> {
  const { name, text } = await readText(env, file);
  const { importRules, SystemNames } = await import('./ipvsadm/import.ts');
  const { services, faults } = await importRules(text, new SystemNames(env.readFile));
  if (faults.length > 0) throw new ProblemError(faultsText(name, faults));
  // What is left of a pipe whose first half failed must not take everything away.
  if (services.length === 0)
    throw new ProblemError(`${name}: found no service, expected what ipvsadm -S -n prints\nnothing was changed`);
  const specs = services.map(({ spec, servers }) => ({ ...spec, servers: servers.map((server) => server.spec) }));
  try {
    return await change(env, options, [{ type: 'replace', services: specs }]);
  } catch (error) {
    throw placed(error, name, services);
  }
}

function faultsText(name: string, faults: readonly ImportFault[]): string {
  const lines = faults.slice(0, MAX_FAULTS).map(({ line, message }) => `${name}:${line}: ${message}`);
  const left = faults.length - MAX_FAULTS;
  if (left > 0) lines.push(`${name}: ${left} more lines that cannot be taken`);
  return [...lines, 'nothing was changed'].join('\n');
}

/** A refusal of the daemon, with the line that it is about. */
function placed(error: unknown, name: string, services: readonly ImportedService[]): unknown {
  if (!(error instanceof ApiError)) return error;
  const [, service, server] = /^services\[(\d+)\](?:\.servers\[(\d+)\])?/.exec(error.commandPath) ?? [];
  const found = service === undefined ? undefined : services[Number(service)];
  const line = (server === undefined ? undefined : found?.servers[Number(server)]?.line) ?? found?.line;
  return line === undefined ? error : new ProblemError(`${name}:${line}: ${error.message}\nnothing was changed`);
}
