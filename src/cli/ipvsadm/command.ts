/** Words -> the daemon's command. */
import { addressFromWords } from '../../core/model/address.ts';
import type { Command, ServerSpec, ServiceSpec, SyncDaemonSpec } from '../../core/model/command.ts';
import type { Address, Encapsulation, ServerKey, ServiceKey, Timeouts } from '../../core/model/model.ts';
import { prefixMask } from '../../core/model/netmask.ts';
import { isSchedulerName } from '../../core/model/schedulers.ts';
import type { DaemonWords, ServerWords, ServiceWords, Words } from './words.ts';

/** Commands that change the table; the words were checked, and are supported. */
export function toCommand({ command, service, server, options, daemon, timeouts }: Words): Command | undefined {
  switch (command) {
    case 'add-service':
      return { type: 'service.add', service: serviceSpec(service, options) };
    case 'edit-service':
      return { type: 'service.edit', service: serviceSpec(service, options) };
    case 'delete-service':
      return { type: 'service.delete', service: serviceKey(service) };
    case 'add-server':
      return { type: 'server.add', service: serviceKey(service), server: serverSpec(server, options) };
    case 'edit-server':
      return { type: 'server.edit', service: serviceKey(service), server: serverSpec(server, options) };
    case 'delete-server':
      return { type: 'server.delete', service: serviceKey(service), server: serverKey(server) };
    case 'set':
      return { type: 'timeouts.set', timeouts: said(timeouts) };
    case 'start-daemon':
      return { type: 'sync.start', state: daemon.state, daemon: daemonSpec(daemon) };
    case 'stop-daemon':
      return { type: 'sync.stop', state: daemon.state };
    case 'flush':
      return { type: 'clear' };
    default:
      return undefined;
  }
}

/** @throws TypeError where the words name none: `check` has seen to it that they do */
export function serviceKey({ protocol, address, port, fwmark, family }: ServiceWords): ServiceKey {
  if (fwmark !== 0) return { protocol: 'fwmark', family: family ?? 4, mark: fwmark };
  if (protocol === undefined) throw new TypeError('unchecked words: no protocol');
  return { protocol, address: required(address), port };
}

function serviceSpec(service: ServiceWords, options: Words['options']): ServiceSpec {
  const { scheduler, schedulerFlags: flags, mhSize } = service;
  if (!isSchedulerName(scheduler)) throw new TypeError(`unchecked scheduler ${scheduler}`);
  const values = { ...serviceKey(service), scheduler, ...affinity(service, options) };
  // The flags of sh and mh are the kernel's flags 1 and 2 by other names; any scheduler may have those.
  const has = (...names: string[]) => names.some((name) => flags.includes(name));
  const schedulerOptions = {
    fallback: has('flag-1', 'sh-fallback', 'mh-fallback'),
    port: has('flag-2', 'sh-port', 'mh-port'),
  };
  if (scheduler === 'mh') return { ...values, options: { ...schedulerOptions, ringSize: mhSize } };
  return schedulerOptions.fallback || schedulerOptions.port ? { ...values, options: schedulerOptions } : values;
}

/** Whatever only persistence needs is lost without -p, as in IPVS. */
function affinity(
  service: ServiceWords,
  options: Words['options'],
): Pick<ServiceSpec, 'persistence' | 'onePacket' | 'engine'> {
  const { persistence: timeout, engine } = service;
  return {
    persistence: timeout === 0 ? null : { timeout, ...netmask(service) },
    onePacket: options.has('ops'),
    engine: engine === 'sip' ? engine : null,
  };
}

function netmask({ family, netmask: bits }: ServiceWords): { netmask?: Address } {
  if (bits === undefined) return {};
  return { netmask: family === 6 ? prefixMask(bits) : addressFromWords(4, [bits, 0, 0, 0]) };
}

/** ipvsadm's interface, where none is named. */
const DEFAULT_INTERFACE = 'eth0';

function daemonSpec({ interface: name, syncId, maxLength, group, port, ttl }: DaemonWords): SyncDaemonSpec {
  return { interface: name || DEFAULT_INTERFACE, syncId, maxLength, group, port, ttl };
}

/** Those of --set that are not 0: the others stay. */
function said({ tcp, tcpFin, udp }: Words['timeouts']): Partial<Timeouts> {
  return { ...(tcp > 0 && { tcp }), ...(tcpFin > 0 && { tcpFin }), ...(udp > 0 && { udp }) };
}

function serverKey({ address, port }: ServerWords): ServerKey {
  return { address: required(address), port };
}

const METHODS = { gatewaying: 'dr', ipip: 'tun', masquerading: 'nat', fullnat: 'fullnat' } as const;

function serverSpec(server: ServerWords, options: Words['options']): ServerSpec {
  const tunnel = server.method === 'ipip' ? encapsulation(server, options) : undefined;
  return {
    ...serverKey(server),
    ...(tunnel !== undefined && { encapsulation: tunnel }),
    method: METHODS[server.method],
    weight: server.weight,
    upperThreshold: server.upperThreshold,
    lowerThreshold: server.lowerThreshold,
  };
}

function encapsulation({ tunnelType, tunnelPort }: ServerWords, options: Words['options']): Encapsulation | undefined {
  const checksum = options.has('tun-csum') ? 'full' : 'none';
  switch (tunnelType) {
    case 'ipip':
      return undefined;
    case 'gue':
      return { type: 'gue', port: tunnelPort, checksum: options.has('tun-remcsum') ? 'remote' : checksum };
    case 'gre':
      return { type: 'gre', checksum };
  }
}

function required(address: Address | undefined): Address {
  if (address === undefined) throw new TypeError('unchecked words: no address');
  return address;
}
