/** Checks of what binds packets together: persistence, one-packet scheduling, timeouts. */
import { addressFamily, parseAddress } from './address.ts';
import { below, checkAddress, checkBoolean, checkChoice, checkInteger, fault } from './check.ts';
import type { CommandError } from './command.ts';
import type { Address, Persistence, ServiceKey, Timeouts, VirtualService } from './model.ts';
import { prefixLength } from './netmask.ts';
import { formatServiceKey, serverKeyText, serviceFamily } from './service-key.ts';

/** ipvsadm's longest timeout: 31 days, in seconds. */
export const MAX_TIMEOUT = 2678400;

export type Affinity = Pick<VirtualService, 'persistence' | 'onePacket' | 'engine'>;

/** `service` has been checked. */
export function checkAffinity(service: ServiceKey, affinity: Affinity): CommandError | null {
  const { persistence, onePacket, engine } = affinity;
  return (
    (persistence && below('persistence', checkPersistence(service, persistence))) ??
    checkBoolean('onePacket', onePacket) ??
    (engine === null ? null : checkChoice('engine', engine, ['sip'])) ??
    checkOnePacket(service, onePacket)
  );
}

export function checkTimeouts({ tcp, tcpFin, udp }: Timeouts): CommandError | null {
  return (
    checkInteger('tcp', tcp, 1, MAX_TIMEOUT) ??
    checkInteger('tcpFin', tcpFin, 1, MAX_TIMEOUT) ??
    checkInteger('udp', udp, 1, MAX_TIMEOUT)
  );
}

function checkPersistence(service: ServiceKey, { timeout, netmask }: Persistence): CommandError | null {
  return (
    checkInteger('timeout', timeout, 1, MAX_TIMEOUT) ??
    checkAddress('netmask', netmask) ??
    checkNetmask(service, parseAddress(netmask)!)
  );
}

function checkNetmask(service: ServiceKey, netmask: Address): CommandError | null {
  const family = serviceFamily(service);
  if (addressFamily(netmask) !== family) {
    const message = `found ${netmask} for ${formatServiceKey(service)}, expected a mask of IPv${family}`;
    return fault('invalid', 'netmask', message);
  }
  const length = family === 4 ? 1 : prefixLength(netmask);
  if (length !== null && length > 0) return null;
  return fault('invalid', 'netmask', `found ${netmask}, expected the mask of a prefix of 1 to 128 bits`);
}

/** Only TCP has options; left out: there is nothing to check. */
export function checkToa(service: ServiceKey, toa: boolean | undefined): CommandError | null {
  const error = toa === undefined ? null : checkBoolean('toa', toa);
  if (error !== null || !toa || service.protocol === 'tcp') return error;
  return fault('invalid', 'toa', `found true for ${formatServiceKey(service)}, expected it of TCP only`);
}

/** A datagram without an entry has no local port, so that no answer would find its client. */
export function checkOnePacketServers({ key, onePacket, servers }: VirtualService): CommandError | null {
  const server = onePacket ? servers.find(({ method }) => method === 'fullnat') : undefined;
  if (server === undefined) return null;
  const message = `found true for ${formatServiceKey(key)}, whose real server ${serverKeyText(server.key)} has method fullnat, expected another method`;
  return fault('invalid', 'onePacket', message);
}

/** Of a TCP or SCTP connection every packet has to reach the same real server. */
function checkOnePacket(service: ServiceKey, onePacket: boolean): CommandError | null {
  if (!onePacket || service.protocol === 'udp' || service.protocol === 'fwmark') return null;
  const message = `found true for ${formatServiceKey(service)}, expected it of UDP and of marks only`;
  return fault('invalid', 'onePacket', message);
}
