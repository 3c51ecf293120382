/** Addresses as text, for the schemas and the command line; the parser is core's. */
import { isIP } from 'node:net';
import type { Address } from '../../core/model/model.ts';

/** The canonical form (RFC 5952 for IPv6), or undefined where the text is no address. Zones are refused. */
export function canonicalAddress(text: string): Address | undefined {
  if (text.includes('%')) return undefined;
  const family = isIP(text);
  if (family === 4) return text as Address;
  if (family === 6) return new URL(`http://[${text}]`).hostname.slice(1, -1) as Address;
  return undefined;
}
