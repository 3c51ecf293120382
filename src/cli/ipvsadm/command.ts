/** Words -> the daemon's command. */
import type { Command, ServerSpec, ServiceSpec } from '../../core/model/command.ts';
import type { Address, ServerKey, ServiceKey } from '../../core/model/model.ts';
import { isSchedulerName } from '../../core/model/schedulers.ts';
import type { ServerWords, ServiceWords, Words } from './words.ts';

/** Commands that change the table; the words were checked, and are supported. */
export function toCommand({ command, service, server }: Words): Command | undefined {
  switch (command) {
    case 'add-service':
      return { type: 'service.add', service: serviceSpec(service) };
    case 'edit-service':
      return { type: 'service.edit', service: serviceSpec(service) };
    case 'delete-service':
      return { type: 'service.delete', service: serviceKey(service) };
    case 'add-server':
      return { type: 'server.add', service: serviceKey(service), server: serverSpec(server, service) };
    case 'edit-server':
      return { type: 'server.edit', service: serviceKey(service), server: serverSpec(server, service) };
    case 'delete-server':
      return { type: 'server.delete', service: serviceKey(service), server: serverKey(server) };
    case 'flush':
      return { type: 'clear' };
    default:
      return undefined;
  }
}

/** @throws TypeError where the words name none: `check` has seen to it that they do */
export function serviceKey({ protocol, address, port }: ServiceWords): ServiceKey {
  if (protocol !== 'tcp' && protocol !== 'udp') throw new TypeError(`no key for protocol ${protocol}`);
  return { protocol, address: required(address), port };
}

function serviceSpec(service: ServiceWords): ServiceSpec {
  const { scheduler, schedulerFlags: flags, mhSize } = service;
  if (!isSchedulerName(scheduler)) throw new TypeError(`unchecked scheduler ${scheduler}`);
  const key = serviceKey(service);
  // The flags of sh and mh are the kernel's flags 1 and 2 by other names; any scheduler may have those.
  const has = (...names: string[]) => names.some((name) => flags.includes(name));
  const options = {
    fallback: has('flag-1', 'sh-fallback', 'mh-fallback'),
    port: has('flag-2', 'sh-port', 'mh-port'),
  };
  if (scheduler === 'mh') return { ...key, scheduler, options: { ...options, ringSize: mhSize } };
  return options.fallback || options.port ? { ...key, scheduler, options } : { ...key, scheduler };
}

function serverKey({ address, port }: ServerWords): ServerKey {
  return { address: required(address), port };
}

/** With the service's port, as ipvsadm sends it for both methods whatever the words say. */
function serverSpec(server: ServerWords, { port }: ServiceWords): ServerSpec {
  return {
    ...serverKey(server),
    port,
    method: server.method === 'ipip' ? 'tun' : 'dr',
    weight: server.weight,
    upperThreshold: server.upperThreshold,
    lowerThreshold: server.lowerThreshold,
  };
}

function required(address: Address | undefined): Address {
  if (address === undefined) throw new TypeError('unchecked words: no address');
  return address;
}
