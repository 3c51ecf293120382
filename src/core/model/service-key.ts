/** The names of services and real servers: as map keys, for people, and in the order of listings. */
import { addressFamily, bracketed, compareAddresses, parseAddress } from './address.ts';
import type { AddressKey, Protocol, ServerKey, ServiceKey } from './model.ts';

export const MAX_MARK = 0xffffffff;

/** Values of the IP header's protocol field. */
export const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };
export const PROTOCOLS = Object.keys(PROTOCOL_NUMBERS) as readonly Protocol[];

export function isProtocol(text: string): text is Protocol {
  return Object.hasOwn(PROTOCOL_NUMBERS, text);
}

/** The key of `Model.services`, like `tcp 192.0.2.1:80`, `udp [2001:db8::1]:53`, `fwmark 1` or `fwmark6 1`. */
export function serviceKeyText(key: ServiceKey): string {
  if (key.protocol === 'fwmark') return `${markName(key.family)} ${key.mark}`;
  return `${key.protocol} ${bracketed(key.address)}:${key.port}`;
}

export function serviceFamily(key: ServiceKey): 4 | 6 {
  return key.protocol === 'fwmark' ? key.family : addressFamily(key.address);
}

/** The port that real servers have without one of their own; a mark has none. */
export function servicePort(key: ServiceKey): number {
  return key.protocol === 'fwmark' ? 0 : key.port;
}

function markName(family: 4 | 6): string {
  return family === 4 ? 'fwmark' : 'fwmark6';
}

/** Unique within a service, like `192.0.2.1:80` or `[2001:db8::1]:80`. */
export function serverKeyText({ address, port }: ServerKey): string {
  return `${bracketed(address)}:${port}`;
}

/** As people and the HTTP API write it, like `203.0.113.10:443/tcp`, `1/fwmark` or `1/fwmark6`. */
export function formatServiceKey(key: ServiceKey): string {
  if (key.protocol === 'fwmark') return `${key.mark}/${markName(key.family)}`;
  return `${serverKeyText(key)}/${key.protocol}`;
}

/** The inverse of `formatServiceKey`; null where the text is none. */
export function parseServiceKey(text: string): ServiceKey | null {
  const slash = text.lastIndexOf('/');
  const protocol = text.slice(slash + 1);
  const name = text.slice(0, Math.max(slash, 0));
  if (protocol === 'fwmark') return markKey(name, 4);
  if (protocol === 'fwmark6') return markKey(name, 6);
  const endpoint = slash < 0 ? null : parseServerKey(text.slice(0, slash));
  if (endpoint === null || !isProtocol(protocol)) return null;
  return { protocol, ...endpoint };
}

function markKey(digits: string, family: 4 | 6): ServiceKey | null {
  const mark = Number(digits);
  return /^[1-9][0-9]{0,9}$/.test(digits) && mark <= MAX_MARK ? { protocol: 'fwmark', family, mark } : null;
}

/** `192.0.2.1:80` or `[2001:db8::1]:80`; null where the text is neither. */
export function parseServerKey(text: string): ServerKey | null {
  const [, host, digits] = /^(.*):(0|[1-9][0-9]{0,4})$/.exec(text) ?? [];
  if (host === undefined || digits === undefined) return null;
  const brackets = host.startsWith('[') && host.endsWith(']');
  const address = parseAddress(brackets ? host.slice(1, -1) : host);
  const port = Number(digits);
  if (address === null || port > 65535 || (addressFamily(address) === 6) !== brackets) return null;
  return { address, port };
}

/**
 * ipvsadm's default order: marks last, then family, protocol, address, port. (It subtracts
 * addresses as signed numbers, so that 10.0.0.1 comes after 203.0.113.1 there;
 * that slip is not copied.)
 */
export function compareServiceKeys(a: ServiceKey, b: ServiceKey): number {
  if (a.protocol === 'fwmark' || b.protocol === 'fwmark')
    return markOf(a) - markOf(b) || serviceFamily(a) - serviceFamily(b);
  return serviceFamily(a) - serviceFamily(b) || compareAddressKeys(a, b);
}

function markOf(key: ServiceKey): number {
  return key.protocol === 'fwmark' ? key.mark : 0;
}

function compareAddressKeys(a: AddressKey, b: AddressKey): number {
  return PROTOCOL_NUMBERS[a.protocol] - PROTOCOL_NUMBERS[b.protocol] || compareServerKeys(a, b);
}

/** ipvsadm's default order of real servers: address, port. */
export function compareServerKeys(a: ServerKey, b: ServerKey): number {
  return compareAddresses(a.address, b.address) || a.port - b.port;
}
