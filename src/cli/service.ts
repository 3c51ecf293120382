/** `xlb service add|edit|delete`. */
import { Command, Option } from 'commander';
import type { ServiceSpec } from '../core/model/command.ts';
import type { SchedulerName, ServiceKey } from '../core/model/model.ts';
import { type ChangeOptions, change, verb } from './change.ts';
import { connect } from './connect.ts';
import type { Env } from './env.ts';
import { numberArgument, serviceArgument } from './usage.ts';

interface ServiceOptions extends ChangeOptions {
  readonly scheduler?: SchedulerName;
  readonly mhSize?: number;
  /** False where `--no-mh-port` was said; undefined where nothing was. */
  readonly mhPort?: boolean;
  readonly mhFallback?: boolean;
}

export function serviceCommand(env: Env, exit: (code: number) => void): Command {
  const add = schedulerOptions(serviceVerb('add', 'add a virtual service'), 'mh where left out')
    .option('--mh-port', 'mh: hash the source port too')
    .option('--mh-fallback', "mh: an unavailable server's flows go to others")
    .action(async (key: ServiceKey, options: ServiceOptions) =>
      exit(await change(env, options, [{ type: 'service.add', service: specOf(key, options) }])),
    );
  const edit = schedulerOptions(serviceVerb('edit', 'change a virtual service; what is left out stays'), 'as it is')
    .option('--mh-port', 'mh: hash the source port too')
    .option('--no-mh-port', 'mh: hash the source address alone')
    .option('--mh-fallback', "mh: an unavailable server's flows go to others")
    .option('--no-mh-fallback', "mh: an unavailable server's flows are refused")
    .action(async (key: ServiceKey, options: ServiceOptions) =>
      exit(await change(env, options, [{ type: 'service.edit', service: await edited(env, key, options) }])),
    );
  const remove = serviceVerb('delete', 'delete a virtual service with its real servers').action(
    async (key: ServiceKey, options: ChangeOptions) =>
      exit(await change(env, options, [{ type: 'service.delete', service: key }])),
  );
  return new Command('service')
    .description('add, change or delete a virtual service')
    .addCommand(add)
    .addCommand(edit)
    .addCommand(remove);
}

function serviceVerb(name: string, description: string): Command {
  return verb(name)
    .description(description)
    .argument('<service>', 'ADDRESS:PORT/PROTOCOL, like 192.0.2.10:80/tcp; port 0: every other port', serviceArgument);
}

function schedulerOptions(command: Command, otherwise: string): Command {
  return command
    .addOption(
      new Option('-s, --scheduler <name>', `how connections are spread (${otherwise})`).choices(['rr', 'wrr', 'mh']),
    )
    .option('--mh-size <slots>', 'mh: size of the ring, a prime like 4093 or 65537', numberArgument(1, 2147483647));
}

function specOf(key: ServiceKey, { scheduler, mhSize, mhPort, mhFallback }: ServiceOptions): ServiceSpec {
  const options = { port: mhPort, fallback: mhFallback, ringSize: mhSize };
  const said = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...key, scheduler: scheduler ?? 'mh', ...(Object.keys(said).length > 0 && { options: said }) };
}

/** The service as it is, with what the options say changed. */
async function edited(env: Env, key: ServiceKey, options: ServiceOptions): Promise<ServiceSpec> {
  const { scheduler, options: current } = await connect(env).service(key);
  return {
    ...key,
    scheduler: options.scheduler ?? scheduler,
    options: {
      port: options.mhPort ?? current.port,
      fallback: options.mhFallback ?? current.fallback,
      ringSize: options.mhSize ?? current.ring_size,
    },
  };
}
