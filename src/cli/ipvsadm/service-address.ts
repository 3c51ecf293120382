/** Reads `address[:port]` with ipvsadm's tolerance and its quirks. */

import { canonicalAddress } from '../../api/protocol/address.ts';
import type { Address } from '../../core/model/model.ts';
import type { NamedProtocol, Names } from './names.ts';
import { inetAton, ipv4Text, parseInteger } from './numbers.ts';

export interface ServiceAddress {
  readonly address: Address;
  /** Host order; undefined: none was given. */
  readonly port: number | undefined;
}

/**
 * A text of digits alone is refused, since it is more likely a forgotten option
 * than an address. Brackets need a port after them; an IPv4 address in brackets
 * loses its port, as in ipvsadm.
 *
 * @param protocol undefined: names of ports are not known
 */
export async function parseServiceAddress(
  text: string,
  protocol: NamedProtocol | undefined,
  names: Names,
): Promise<ServiceAddress | undefined> {
  if (/^\d*$/.test(text)) return undefined;
  const split = splitPort(text);
  if (split === undefined) return undefined;
  const address = split.ipv6 ?? (await hostAddress(split.host, names));
  if (address === undefined) return undefined;
  if (split.port === undefined) return { address, port: undefined };
  const named = protocol && (() => names.servicePort(split.port ?? '', protocol));
  const port = parseInteger(split.port, 0, 65535) ?? (await named?.());
  return port === undefined ? undefined : { address, port };
}

interface Split {
  readonly host: string;
  /** Set where the host is an IPv6 address. */
  readonly ipv6: Address | undefined;
  readonly port: string | undefined;
}

function splitPort(text: string): Split | undefined {
  const bracketed = /^\[([^\]]*)\]:(.*)$/s.exec(text);
  if (text.startsWith('[') && bracketed === null) return undefined;
  const host = bracketed?.[1] ?? text;
  const ipv6 = host.includes(':') ? canonicalAddress(host) : undefined;
  if (ipv6 !== undefined) return { host, ipv6, port: bracketed?.[2] };
  const colon = host.lastIndexOf(':');
  if (colon < 0) return { host, ipv6, port: undefined };
  return { host: host.slice(0, colon), ipv6, port: host.slice(colon + 1) };
}

/** The IPv4 address of a number, a dotted text or a host's name. */
export async function hostAddress(host: string, names: Names): Promise<Address | undefined> {
  const number = inetAton(host);
  const text = number === undefined ? await names.hostAddress(host) : ipv4Text(number);
  return text as Address | undefined;
}
