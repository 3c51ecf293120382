/** A virtual server as the data plane is told of it: one service for each of its addresses and ports. */
import { addressFamily, parseAddress } from '../../model/address.ts';
import type { ServerSpec, ServiceSpec } from '../../model/command.ts';
import { limitsOrNull, makeLimits, type Prefix, prefixText } from '../../model/limits.ts';
import { isTranslated } from '../../model/methods.ts';
import type { Address, Encapsulation, Method, Protocol, ServiceKey } from '../../model/model.ts';
import { prefixMask } from '../../model/netmask.ts';
import { hashesSource } from '../../model/schedulers.ts';
import { serviceFamily } from '../../model/service-key.ts';
import { serverMethodOf } from '../check/service-facts.ts';
import type { InetFamily, MethodSetting } from '../forms/services.ts';
import { last } from '../keyword.ts';
import type { File, RealServerSettings, ServiceSettings } from '../keywords/root.ts';
import type { Position } from '../report.ts';
import { familiesOf, groupMarks } from './marks.ts';
import { addressesOf, portsOf } from './ranges.ts';

/** In the words of the command `replace`. Servers in the order of the file. */
export type ServiceWithServers = ServiceSpec & { readonly servers: readonly ServerSpec[] };

export interface Service {
  /** As the file names it: what stands after `virtual_server`. */
  readonly name: string;
  /** Where that stands. */
  readonly at: Position;
  readonly services: readonly ServiceWithServers[];
  readonly quorum: number;
  readonly hysteresis: number;
}

/** Of a file without errors. */
export function buildService(setting: ServiceSettings, file: File): Service {
  const { block, words } = setting;
  const keys = serviceKeysOf(setting, file);
  const total = (block.real_server ?? []).reduce((sum, server) => sum + weightOf(server, setting), 0);
  const quorum = Math.max(1, Math.min(last(block.quorum)?.value ?? 1, total));
  const hysteresis = last(block.hysteresis)?.value ?? 0;
  return {
    name: words.map(({ text }) => text).join(' '),
    at: words[0]!.at,
    services: keys.map((key) => ({
      ...key,
      ...affinityOf(setting, key),
      ...limitsOf(setting, key),
      ...(block.toa === undefined ? {} : { toa: true }),
      servers: serversOf(setting, key),
    })),
    quorum,
    hysteresis: hysteresis >= quorum ? 0 : hysteresis,
  };
}

/** One for each address and port; of one by group with nftables_ipvs one for each family. */
export function serviceKeysOf(setting: ServiceSettings, file: File): ServiceKey[] {
  const { value, block } = setting;
  const protocol = (last(block.protocol)?.value ?? 'UDP').toLowerCase() as Protocol;
  const standard = last(block.ip_family)?.value ?? 'inet';
  if (value.kind === 'fwmark') return [markKey(value.mark, value.family ?? standard)];
  if (value.kind === 'address') return [{ protocol, address: value.address, port: value.port ?? 0 }];
  const group = file.virtual_server_group?.find((each) => each.value === value.group);
  const mark = groupMarks(file).get(setting);
  const marked =
    mark === undefined
      ? []
      : familiesOf(setting, file).map((family) => ({ protocol: 'fwmark' as const, family, mark }));
  const members = (group?.entries ?? []).flatMap(({ value: member }): ServiceKey[] => {
    if (member.kind === 'fwmark') return [markKey(member.mark, member.family ?? standard)];
    if (mark !== undefined) return [];
    const ports = portsOf(member);
    return addressesOf(member).flatMap((address) => ports.map((port) => ({ protocol, address, port })));
  });
  return [...marked, ...members];
}

function markKey(mark: number, family: InetFamily): ServiceKey {
  return { protocol: 'fwmark', family: family === 'inet' ? 4 : 6, mark };
}

function affinityOf({ block }: ServiceSettings, key: ServiceKey) {
  const scheduler = (last(block.lb_algo) ?? last(block.lvs_sched))?.value ?? 'wlc';
  const flagged = hashesSource(scheduler);
  const has = (...names: (keyof typeof block)[]) => flagged && names.some((name) => block[name] !== undefined);
  const timeout = last(block.persistence_timeout)?.value;
  const mask = last(block.persistence_granularity)?.value;
  const family = key.protocol === 'fwmark' ? key.family : addressFamily(key.address);
  return {
    scheduler,
    options: {
      fallback: has('flag-1', scheduler === 'sh' ? 'sh-fallback' : 'mh-fallback'),
      port: has('flag-2', scheduler === 'sh' ? 'sh-port' : 'mh-port'),
    },
    persistence:
      timeout === undefined ? null : { timeout, ...(mask === undefined ? {} : { netmask: netmaskOf(mask, family) }) },
    onePacket: block.ops !== undefined,
    engine: last(block.persistence_engine)?.value ?? null,
  };
}

/** Prefixes of a list are those of every line; a service has those of its family. */
function limitsOf({ block }: ServiceSettings, key: ServiceKey): Pick<ServiceSpec, 'limits'> {
  const [rate, sourceRate] = [last(block.conn_rate)?.value, last(block.source_conn_rate)?.value];
  const family = serviceFamily(key);
  const listed = (settings: readonly { readonly value: readonly Prefix[] }[] = []) =>
    settings.flatMap(({ value }) => value.filter(({ address }) => addressFamily(address) === family).map(prefixText));
  const made = makeLimits({
    rate: rate?.rate,
    burst: rate?.burst ?? undefined,
    sourceRate: sourceRate?.rate,
    sourceBurst: sourceRate?.burst ?? undefined,
    connections: last(block.max_connections)?.value,
    sourceConnections: last(block.source_connections)?.value,
    allow: listed(block.allow_source),
    deny: listed(block.deny_source),
  });
  const limits = limitsOrNull(made);
  return limits === null ? {} : { limits };
}

function netmaskOf(text: string, family: 4 | 6): Address {
  return (family === 4 ? parseAddress(text) : prefixMask(Number(text)))!;
}

function serversOf(service: ServiceSettings, key: ServiceKey): ServerSpec[] {
  return (service.block.real_server ?? []).map((server) => {
    const { method } = serverMethodOf(server.block, service.block);
    const port = key.protocol === 'fwmark' ? (server.value.port ?? 0) : key.port;
    return {
      address: server.value.address,
      port: isTranslated(METHODS[method]) ? (server.value.port ?? port) : port,
      method: METHODS[method],
      ...encapsulationOf(serverMethodOf(server.block, service.block)),
      weight: weightOf(server, service),
      upperThreshold: last(server.block.uthreshold)?.value ?? 0,
      lowerThreshold: last(server.block.lthreshold)?.value ?? 0,
    };
  });
}

const METHODS: Record<MethodSetting['method'], Method> = { DR: 'dr', TUN: 'tun', NAT: 'nat', FULLNAT: 'fullnat' };

const CHECKSUMS = { nocsum: 'none', csum: 'full', remcsum: 'remote' } as const;

/** As ip_vs_ctl.c takes it: of GRE's sums `remcsum` asks for none. */
function encapsulationOf({ tunnel, checksum }: MethodSetting): { encapsulation?: Encapsulation } {
  if (tunnel === null || tunnel.type === 'ipip') return {};
  const kind = CHECKSUMS[checksum ?? 'nocsum'];
  if (tunnel.type === 'gue') return { encapsulation: { type: 'gue', port: tunnel.port, checksum: kind } };
  return { encapsulation: { type: 'gre', checksum: kind === 'full' ? 'full' : 'none' } };
}

function weightOf(server: RealServerSettings, service: ServiceSettings): number {
  return last(server.block.weight)?.value ?? last(service.block.weight)?.value ?? 1;
}
