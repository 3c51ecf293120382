/** Addresses with a port that may be left out, as people write them: `10.0.0.11`, `10.0.0.11:80`, `[2001:db8::1]:80`. */
import type { Address, ServerKey, ServiceKey } from '../../core/model/model.ts';
import { parseServerKey, servicePort } from '../../core/model/service-key.ts';
import { canonicalAddress } from './address.ts';

export interface Endpoint {
  readonly address: Address;
  /** Host order; undefined: any. */
  readonly port: number | undefined;
}

/** An IPv6 address may stand in brackets, and must where a port follows. Undefined where the text is neither. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const bare = /^\[(.*:.*)\]$/.exec(text)?.[1] ?? text;
  const address = canonicalAddress(bare);
  return address === undefined ? (parseServerKey(text) ?? undefined) : { address, port: undefined };
}

/** A real server's name; without a port it is the service's. */
export function parseServerName(text: string, service: ServiceKey): ServerKey | undefined {
  const endpoint = parseEndpoint(text);
  return endpoint && { address: endpoint.address, port: endpoint.port ?? servicePort(service) };
}
