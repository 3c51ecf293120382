/** Addresses as text, for the schemas and the command line. */
import { parseAddress } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';

/** Longer than any address; keeps hostile text away from the parser. */
const MAX_LENGTH = 64;

/** The canonical form (RFC 5952 for IPv6), or undefined where the text is no address. Zones are refused. */
export function canonicalAddress(text: string): Address | undefined {
  return text.length > MAX_LENGTH ? undefined : (parseAddress(text) ?? undefined);
}
