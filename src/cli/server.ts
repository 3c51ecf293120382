/** `xlb server add|edit|delete|drain`. */
import { Command, Option } from 'commander';
import type { ServerSpec } from '../core/model/command.ts';
import { METHODS } from '../core/model/methods.ts';
import type { AdminState, Encapsulation, Method, ServerKey, ServiceKey, TunnelChecksum } from '../core/model/model.ts';
import { type ChangeOptions, change, verb } from './change.ts';
import { connect } from './connect.ts';
import type { Env } from './env.ts';
import { numberArgument, ProblemError, serverKey, serviceArgument, UsageError } from './usage.ts';

interface ServerOptions extends ChangeOptions {
  readonly method?: Method;
  readonly weight?: number;
  readonly upperThreshold?: number;
  readonly lowerThreshold?: number;
  readonly tunnel?: 'ipip' | Encapsulation['type'];
  readonly tunnelPort?: number;
  readonly tunnelChecksum?: TunnelChecksum;
}

interface DrainOptions extends ChangeOptions {
  readonly reason?: string;
  readonly undo?: boolean;
}

type Exit = (code: number) => void;

export function serverCommand(env: Env, exit: Exit): Command {
  return new Command('server')
    .description('add, change, delete or drain a real server of a virtual service')
    .addCommand(addCommand(env, exit))
    .addCommand(editCommand(env, exit))
    .addCommand(deleteCommand(env, exit))
    .addCommand(drainCommand(env, exit));
}

function addCommand(env: Env, exit: Exit): Command {
  return serverOptions(serverVerb('add', 'add a real server'), 'dr', '1', '0').action(
    async (service: ServiceKey, name: string, options: ServerOptions) => {
      const server = specOf(serverKey(name, service), options);
      exit(await change(env, options, [{ type: 'server.add', service, server }]));
    },
  );
}

function editCommand(env: Env, exit: Exit): Command {
  const [same] = ['as it is'];
  return serverOptions(serverVerb('edit', 'change a real server; what is left out stays'), same, same, same).action(
    async (service: ServiceKey, name: string, options: ServerOptions) => {
      const current = await currentSpec(env, service, serverKey(name, service));
      exit(await change(env, options, [{ type: 'server.edit', service, server: specOf(current, options) }]));
    },
  );
}

function deleteCommand(env: Env, exit: Exit): Command {
  return serverVerb('delete', 'delete a real server; its connections are cut').action(
    async (service: ServiceKey, name: string, options: ChangeOptions) => {
      const server = serverKey(name, service);
      exit(await change(env, options, [{ type: 'server.delete', service, server }]));
    },
  );
}

function drainCommand(env: Env, exit: Exit): Command {
  return serverVerb('drain', 'give a real server no new connections; those it has go on')
    .option('--reason <text>', 'why, for those who look later')
    .option('--undo', 'let it take connections again')
    .action(async (service: ServiceKey, name: string, options: DrainOptions) => {
      if (options.undo && options.reason !== undefined) throw new UsageError('--undo takes no --reason.');
      const server = serverKey(name, service);
      const drain: AdminState = { action: 'drain', by: env.user, at: env.now(), reason: options.reason ?? '' };
      const admin = options.undo ? null : drain;
      exit(await change(env, options, [{ type: 'server.drain', service, server, admin }]));
    });
}

function serverVerb(name: string, description: string): Command {
  return verb(name)
    .description(description)
    .argument('<service>', 'ADDRESS:PORT/PROTOCOL, like 192.0.2.10:80/tcp', serviceArgument)
    .argument('<server>', "ADDRESS or ADDRESS:PORT; the port is the service's");
}

function serverOptions(command: Command, method: string, weight: string, threshold: string): Command {
  const connections = numberArgument(0, 4294967295);
  return command
    .addOption(
      new Option(
        '-m, --method <method>',
        `dr, tun, nat or fullnat (${method}${method === 'dr' ? ' where left out' : ''})`,
      ).choices(METHODS),
    )
    .addOption(
      new Option('--tunnel <type>', `of method tun: ipip, gue or gre (${method === 'dr' ? 'ipip' : method})`).choices([
        'ipip',
        'gue',
        'gre',
      ]),
    )
    .option('--tunnel-port <port>', "gue: UDP's destination port", numberArgument(1, 65535))
    .addOption(
      new Option('--tunnel-checksum <kind>', 'gue, gre: none, full, or remote (gue; see docs/cli.md)').choices([
        'none',
        'full',
        'remote',
      ]),
    )
    .option('-w, --weight <number>', `share of new connections; 0: none (${weight})`, numberArgument(0, 2147483647))
    .option('--upper-threshold <number>', `connections at which it is full; 0: never (${threshold})`, connections)
    .option('--lower-threshold <number>', `connections at which it is no longer full (${threshold})`, connections);
}

function specOf(base: ServerSpec, options: ServerOptions): ServerSpec {
  const { method, weight, upperThreshold, lowerThreshold } = options;
  const said = { method, weight, upperThreshold, lowerThreshold };
  const { encapsulation: current, ...rest } = base;
  // What was said of the tunnel goes with the method.
  const encapsulation = tunnelOf(method === undefined || method === base.method ? current : undefined, options);
  return {
    ...rest,
    ...(encapsulation && { encapsulation }),
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
  };
}

/** What is left out stays; undefined: IP in IP, or none. Whether it fits the method, the daemon says. */
function tunnelOf(current: Encapsulation | undefined, options: ServerOptions): Encapsulation | undefined {
  const type = options.tunnel ?? current?.type ?? 'ipip';
  const same = current?.type === type ? current : undefined;
  const checksum = options.tunnelChecksum ?? same?.checksum ?? 'none';
  const port = options.tunnelPort ?? (same?.type === 'gue' ? same.port : undefined);
  if (type === 'gue') {
    if (port === undefined) throw new UsageError('--tunnel gue needs --tunnel-port PORT.');
    return { type, port, checksum };
  }
  if (options.tunnelPort !== undefined) throw new UsageError('--tunnel-port is for --tunnel gue.');
  if (type === 'ipip') {
    if (options.tunnelChecksum !== undefined) throw new UsageError('--tunnel-checksum is for --tunnel gue and gre.');
    return undefined;
  }
  if (checksum === 'remote') throw new UsageError('--tunnel-checksum remote is for --tunnel gue.');
  return { type, checksum };
}

async function currentSpec(env: Env, service: ServiceKey, key: ServerKey): Promise<ServerSpec> {
  const { name, servers } = await connect(env).service(service);
  const server = servers.find(({ address, port }) => address === key.address && port === key.port);
  if (server === undefined) throw new ProblemError(`service ${name} has no real server ${key.address}:${key.port}`);
  const { method, weight, encapsulation, upper_threshold: upperThreshold, lower_threshold: lowerThreshold } = server;
  const tunnel = encapsulation !== null && { encapsulation };
  return { ...key, method, weight: weight.configured, upperThreshold, lowerThreshold, ...tunnel };
}
