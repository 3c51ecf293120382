/**
 * The real servers of `nat` that are there, for `nat_icmp_send`: a packet from one
 * of them that belongs to no connection is answered. Without the switch nobody
 * asks, and the map is empty.
 */
import type { NatServer, ServiceKey } from '../../dataplane/types.gen.ts';
import { addressWords } from '../model/address.ts';
import type { ServiceKey as Key, Model, Protocol } from '../model/model.ts';
import { PROTOCOLS } from '../model/service-key.ts';
import { serviceMapKey } from './build-service.ts';
import type { Operation } from './operations.ts';
import type { Network } from './reconciler.ts';

export interface NatServerElement {
  readonly key: ServiceKey;
  readonly value: NatServer;
}

/** By the text of the key. */
export type NatServers = ReadonlyMap<string, NatServerElement>;

/** As IPVS's rs_table: those of weight 0 too, deleted ones no more. The answer comes from the director's own address. */
export function natServersOf(
  { services, sysctls }: Pick<Model, 'services' | 'sysctls'>,
  { resolution }: Pick<Network, 'resolution'>,
): NatServers {
  if (sysctls.nat_icmp_send === 0) return new Map();
  const servers = [...services.values()].flatMap((service) =>
    protocolsOf(service.key).flatMap((protocol) =>
      service.servers.flatMap(({ key, method }) => (method === 'nat' ? [{ protocol, ...key }] : [])),
    ),
  );
  return byKey(
    servers.map((server) => {
      const way = resolution(server.address);
      const source = way.state === 'resolved' ? way.source : null;
      return {
        key: serviceMapKey(server),
        value: { source: { word: source === null ? [0, 0, 0, 0] : addressWords(source) } },
      };
    }),
  );
}

/** Servers of a mark are there for all (`vfwmark` in ip_vs_has_real_service). */
function protocolsOf({ protocol }: Key): readonly Protocol[] {
  return protocol === 'fwmark' ? PROTOCOLS : [protocol];
}

export function byKey(elements: readonly NatServerElement[]): NatServers {
  return new Map(elements.map((element) => [JSON.stringify(element.key), element]));
}

/** What makes `found` into `wanted`; deletions first, so that there is always room. */
export function natServerOperations(found: NatServers, wanted: NatServers): Operation[] {
  if (found === wanted) return [];
  const gone = [...found].filter(([name]) => !wanted.has(name));
  const changed = [...wanted].filter(([name, { value }]) => !sameValue(found.get(name)?.value, value));
  return [
    ...gone.map(([, { key }]) => ({ op: 'delete-nat-server', key }) as const),
    ...changed.map(([, { key, value }]) => ({ op: 'set-nat-server', key, value }) as const),
  ];
}

function sameValue(a: NatServer | undefined, b: NatServer): boolean {
  return a?.source.word.every((word, i) => word === b.source.word[i]) ?? false;
}
