/** The names of services and real servers: as map keys, for people, and in the order of listings. */
import { addressFamily, bracketed, compareAddresses, parseAddress } from './address.ts';
import type { Protocol, ServerKey, ServiceKey } from './model.ts';

/** Values of the IP header's protocol field. */
export const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17 };

/** The key of `Model.services`, like `tcp 192.0.2.1:80` or `udp [2001:db8::1]:53`. */
export function serviceKeyText({ protocol, address, port }: ServiceKey): string {
  return `${protocol} ${bracketed(address)}:${port}`;
}

/** Unique within a service, like `192.0.2.1:80` or `[2001:db8::1]:80`. */
export function serverKeyText({ address, port }: ServerKey): string {
  return `${bracketed(address)}:${port}`;
}

/** As people and the HTTP API write it, like `203.0.113.10:443/tcp`. */
export function formatServiceKey(key: ServiceKey): string {
  return `${serverKeyText(key)}/${key.protocol}`;
}

/** The inverse of `formatServiceKey`; null where the text is none. */
export function parseServiceKey(text: string): ServiceKey | null {
  const slash = text.lastIndexOf('/');
  const protocol = text.slice(slash + 1);
  const endpoint = slash < 0 ? null : parseServerKey(text.slice(0, slash));
  if (endpoint === null || (protocol !== 'tcp' && protocol !== 'udp')) return null;
  return { protocol, ...endpoint };
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
 * ipvsadm's default order: family, protocol, address, port. (It subtracts
 * addresses as signed numbers, so that 10.0.0.1 comes after 203.0.113.1 there;
 * that slip is not copied.)
 */
export function compareServiceKeys(a: ServiceKey, b: ServiceKey): number {
  return (
    addressFamily(a.address) - addressFamily(b.address) ||
    PROTOCOL_NUMBERS[a.protocol] - PROTOCOL_NUMBERS[b.protocol] ||
    compareServerKeys(a, b)
  );
}

/** ipvsadm's default order of real servers: address, port. */
export function compareServerKeys(a: ServerKey, b: ServerKey): number {
  return compareAddresses(a.address, b.address) || a.port - b.port;
}
