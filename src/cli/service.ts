/** `xlb service add|edit|delete`. */
import { Command, Option } from 'commander';
import type { ServiceSpec } from '../core/model/command.ts';
import type { SchedulerName, ServiceKey } from '../core/model/model.ts';
import { SCHEDULER_NAMES } from '../core/model/schedulers.ts';
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
  readonly shPort?: boolean;
  readonly shFallback?: boolean;
}

export function serviceCommand(env: Env, exit: (code: number) => void): Command {
  const add = schedulerOptions(serviceVerb('add', 'add a virtual service'), 'mh where left out')
    .option('--mh-port', 'mh: hash the source port too')
    .option('--mh-fallback', "mh: an unavailable server's flows go to others")
    .option('--sh-port', 'sh: hash the source port too')
    .option('--sh-fallback', "sh: an unavailable server's flows go to others")
    .action(async (key: ServiceKey, options: ServiceOptions) =>
      exit(await change(env, options, [{ type: 'service.add', service: specOf(key, options) }])),
    );
  const edit = schedulerOptions(serviceVerb('edit', 'change a virtual service; what is left out stays'), 'as it is')
    .option('--mh-port', 'mh: hash the source port too')
    .option('--no-mh-port', 'mh: hash the source address alone')
    .option('--mh-fallback', "mh: an unavailable server's flows go to others")
    .option('--no-mh-fallback', "mh: an unavailable server's flows are refused")
    .option('--sh-port', 'sh: hash the source port too')
    .option('--no-sh-port', 'sh: hash the source address alone')
    .option('--sh-fallback', "sh: an unavailable server's flows go to others")
    .option('--no-sh-fallback', "sh: an unavailable server's flows are refused")
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
      new Option('-s, --scheduler <name>', `how connections are spread (${otherwise})`).choices(SCHEDULER_NAMES),
    )
    .option('--mh-size <slots>', 'mh: size of the ring, a prime like 4093 or 65537', numberArgument(1, 2147483647));
}

function specOf(key: ServiceKey, words: ServiceOptions): ServiceSpec {
  const options = { port: portOf(words), fallback: fallbackOf(words), ringSize: words.mhSize };
  const said = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...key, scheduler: words.scheduler ?? 'mh', ...(Object.keys(said).length > 0 && { options: said }) };
}

/** The service as it is, with what the options say changed. */
async function edited(env: Env, key: ServiceKey, options: ServiceOptions): Promise<ServiceSpec> {
  const { scheduler, options: current, persistence, one_packet: onePacket, engine } = await connect(env).service(key);
  return {
    ...key,
    scheduler: options.scheduler ?? scheduler,
    options: {
      port: portOf(options) ?? current.port,
      fallback: fallbackOf(options) ?? current.fallback,
      ringSize: options.mhSize ?? current.ring_size,
    },
    persistence: persistence && { timeout: persistence.timeout_s, netmask: persistence.netmask },
    onePacket,
    engine,
  };
}

/** mh's and sh's flag is one and the same, as in the kernel. */
function portOf({ mhPort, shPort }: ServiceOptions): boolean | undefined {
  return mhPort ?? shPort;
}

function fallbackOf({ mhFallback, shFallback }: ServiceOptions): boolean | undefined {
  return mhFallback ?? shFallback;
}
