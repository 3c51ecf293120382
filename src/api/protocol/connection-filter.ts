/**
 * Filters of connection listings: words like `real=10.0.0.11`, which are the
 * query parameters of `GET /v1/connections` too. The daemon evaluates them, so
 * that a listing of a few does not carry a million.
 */
import type { Address, Protocol } from '../../core/model/model.ts';
import type { Connection, ConnectionState } from './connections.ts';
import { serviceName } from './names.ts';

/** An address with an optional port; undefined: any port. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number | undefined;
}

/** Every part that is there must hold. */
export interface ConnectionFilter {
  readonly service?: { readonly protocol: Protocol; readonly address: Address; readonly port: number };
  readonly real?: Endpoint;
  readonly client?: Endpoint;
  readonly state?: ConnectionState;
  readonly protocol?: Protocol;
  /** Seconds: at least this old. */
  readonly minAge?: number;
}

export function connectionMatches(filter: ConnectionFilter, connection: Connection): boolean {
  return (
    (filter.protocol === undefined || filter.protocol === connection.protocol) &&
    (filter.state === undefined || filter.state === connection.state) &&
    (filter.minAge === undefined || connection.age_s >= filter.minAge) &&
    endpointMatches(filter.real, connection.server) &&
    endpointMatches(filter.client, connection.client) &&
    serviceMatches(filter.service, connection)
  );
}

function endpointMatches(want: Endpoint | undefined, have: { address: string; port: number }): boolean {
  if (want === undefined) return true;
  return want.address === have.address && (want.port === undefined || want.port === have.port);
}

function serviceMatches(want: ConnectionFilter['service'], connection: Connection): boolean {
  if (want === undefined) return true;
  return connection.service === serviceName(want);
}
