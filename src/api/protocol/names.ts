/**
 * Names of services and real servers as people write them:
 * `192.0.2.10:80/tcp`, `[2001:db8::10]:443/udp`, `10.0.0.11:80`, `10.0.0.11`.
 */
import type { Address, Protocol, ServerKey, ServiceKey } from '../../core/model/model.ts';
import { canonicalAddress } from './address.ts';

/** Address and port; brackets around an IPv6 address. */
export function endpointName(endpoint: { readonly address: string; readonly port: number }): string {
  const address = endpoint.address.includes(':') ? `[${endpoint.address}]` : endpoint.address;
  return `${address}:${endpoint.port}`;
}

export function serviceName(key: {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}): string {
  return `${endpointName(key)}/${key.protocol}`;
}

/** Reads `address:port/protocol`; undefined where it is none. */
export function parseServiceName(text: string): ServiceKey | undefined {
  const match = /^(.+)\/(tcp|udp)$/.exec(text);
  const endpoint = parseEndpoint(match?.[1] ?? '');
  if (endpoint?.port === undefined) return undefined;
  return { protocol: match?.[2] as Protocol, address: endpoint.address, port: endpoint.port };
}

/** Reads `address` or `address:port`, an IPv6 address in brackets where a port follows. */
export function parseEndpoint(text: string): { address: Address; port: number | undefined } | undefined {
  const whole = canonicalAddress(text);
  if (whole !== undefined) return { address: whole, port: undefined };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const address = canonicalAddress(match?.[1] ?? match?.[2] ?? '');
  if (match === null || address === undefined) return undefined;
  if ((match[1] !== undefined) !== address.includes(':')) return undefined;
  const port = match[3] === undefined ? undefined : Number(match[3]);
  return port !== undefined && port > 65535 ? undefined : { address, port };
}

/** Reads a real server's name; without a port it is the service's. */
export function parseServerName(text: string, service: ServiceKey): ServerKey | undefined {
  const endpoint = parseEndpoint(text);
  return endpoint && { address: endpoint.address, port: endpoint.port ?? service.port };
}
