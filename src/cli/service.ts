/** `xlb service add|edit|delete`. */
import { Command } from 'commander';
import type { ServiceSpec } from '../core/model/command.ts';
import type { LimitsSpec } from '../core/model/limits.ts';
import type { Address, ServiceKey } from '../core/model/model.ts';
import { type AffinityWords, affinityOf, withAffinity } from './affinity-options.ts';
import { type ChangeOptions, change, verb } from './change.ts';
import { connect } from './connect.ts';
import type { Env } from './env.ts';
import { type LimitWords, limitsOf, withLimits } from './limit-options.ts';
import { type SchedulerWords, schedulerOptions, withScheduler, withSchedulerFlags } from './scheduler-options.ts';
import { serviceArgument } from './usage.ts';

type ServiceOptions = ChangeOptions & SchedulerWords & AffinityWords & LimitWords & { readonly toa?: boolean };

export function serviceCommand(env: Env, exit: (code: number) => void): Command {
  const add = withToa(
    withLimits(
      withAffinity(withSchedulerFlags(withScheduler(serviceVerb('add', 'add a virtual service'), 'mh where left out'))),
    ),
  ).action(async (key: ServiceKey, options: ServiceOptions) =>
    exit(await change(env, options, [{ type: 'service.add', service: specOf(key, options) }])),
  );
  const edit = withToa(
    withLimits(
      withAffinity(withScheduler(serviceVerb('edit', 'change a virtual service; what is left out stays'), 'as it is')),
    ),
  )
    .option('--no-allow', 'every source may connect that --deny does not name')
    .option('--no-deny', 'no source is denied by name')
    .option('--no-persistent', 'every connection is scheduled by itself')
    .option('--no-one-packet', 'udp: the packets of a client go to one server')
    .option('--no-toa', 'fullnat: real servers are not told the client')
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

function withToa(command: Command): Command {
  return command.option('--toa', 'fullnat, tcp: real servers are told the client in a TCP option');
}

function serviceVerb(name: string, description: string): Command {
  return verb(name)
    .description(description)
    .argument('<service>', 'ADDRESS:PORT/PROTOCOL, like 192.0.2.10:80/tcp; port 0: every other port', serviceArgument);
}

function specOf(key: ServiceKey, words: ServiceOptions): ServiceSpec {
  const scheduler = words.scheduler ?? 'mh';
  const said = schedulerOptions(words, scheduler);
  return {
    ...key,
    scheduler,
    ...(Object.keys(said).length > 0 && { options: said }),
    ...affinityOf(key, words, null),
    ...limited(limitsOf(words, null)),
    ...(words.toa && { toa: true }),
  };
}

/** The service as it is, with what the options say changed. */
async function edited(env: Env, key: ServiceKey, options: ServiceOptions): Promise<ServiceSpec> {
  const found = await connect(env).service(key);
  const { options: current, persistence, one_packet: onePacket, engine } = found;
  const scheduler = options.scheduler ?? found.scheduler;
  return {
    ...key,
    scheduler,
    options: {
      port: current.port,
      fallback: current.fallback,
      ringSize: current.ring_size,
      ...schedulerOptions(options, scheduler),
    },
    onePacket,
    engine: options.persistent === false ? null : engine,
    toa: options.toa ?? found.toa ?? false,
    ...affinityOf(
      key,
      options,
      persistence && { timeout: persistence.timeout_s, netmask: persistence.netmask as Address },
    ),
    ...limited(limitsOf(options, found.limits)),
  };
}

function limited(limits: LimitsSpec | undefined): Pick<ServiceSpec, 'limits'> {
  return limits === undefined ? {} : { limits };
}
