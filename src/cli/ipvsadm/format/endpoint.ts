/** `address:port` as listings show it, in numbers or in names. */
import type { NamedProtocol, Names } from '../names.ts';

/** ipvsadm's buffer for one; what is longer is cut, port and all. */
const MAX_LENGTH = 59;

export interface Endpoint {
  readonly address: string;
  /** Host order. */
  readonly port: number;
}

/**
 * @param protocol undefined: names of ports are not known
 * @param names undefined: numbers
 */
export async function endpointText(
  { address, port }: Endpoint,
  protocol: NamedProtocol | undefined,
  names: Names | undefined,
): Promise<string> {
  const host = (await names?.hostName(address)) ?? addressText(address);
  const service = (protocol && (await names?.serviceName(port, protocol))) ?? String(port);
  const text = address.includes(':') ? `[${host}]:${service}` : `${host}:${service}`;
  return text.slice(0, MAX_LENGTH);
}

/** As inet_ntop writes it: an IPv4 address at the end of an IPv6 address, mapped or compatible, is dotted. */
function addressText(address: string): string {
  const match = /^(::(?:ffff:)?)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (match === null) return address;
  const words = [match[2], match[3]].map((word) => Number.parseInt(word ?? '', 16));
  return (match[1] ?? '') + words.flatMap((word) => [word >> 8, word & 255]).join('.');
}
