/**
 * Filters of connection listings: words like `real=10.0.0.11`, which are the
 * query parameters of `GET /v1/connections` too. The daemon evaluates them, so
 * that a listing of a few does not carry a million.
 */
import type { Protocol, ServiceKey } from '../../core/model/model.ts';
import { formatServiceKey, isProtocol, parseServiceKey } from '../../core/model/service-key.ts';
import { SHOWN_STATES, type ShownState } from './connection-states.ts';
import type { Connection } from './connections.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';

/** Every part that is there must hold. */
export interface ConnectionFilter {
  readonly service?: ServiceKey;
  readonly real?: Endpoint;
  readonly client?: Endpoint;
  readonly state?: ShownState;
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
  return connection.service === formatServiceKey(want);
}

/** The words of a filter, and the query parameters of `GET /v1/connections`, with what they mean. */
export const FILTER_WORDS = {
  service: 'virtual service, like 192.0.2.10:80/tcp',
  real: 'real server: address, or address:port',
  client: 'client: address, or address:port',
  state: `one of ${SHOWN_STATES.join(' ')}`,
  protocol: 'tcp, udp or sctp',
  min_age: 'seconds: at least this old',
} as const;

export type FilterWord = keyof typeof FILTER_WORDS;

/** One word of a filter, parsed; undefined: the value is not what the word takes. */
export function parseFilterWord(word: FilterWord, value: string): ConnectionFilter | undefined {
  switch (word) {
    case 'service':
      return some('service', parseServiceKey(value) ?? undefined);
    case 'real':
    case 'client':
      return some(word, parseEndpoint(value));
    case 'state':
      return some(
        'state',
        SHOWN_STATES.find((state) => state === value.toUpperCase()),
      );
    case 'protocol':
      return isProtocol(value) ? { protocol: value } : undefined;
    case 'min_age':
      return /^\d{1,9}$/.test(value) ? { minAge: Number(value) } : undefined;
  }
}

function some<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]: Value } | undefined {
  return value === undefined ? undefined : ({ [key]: value } as { [K in Key]: Value });
}
