/** Body of RTM_NEWROUTE and RTM_DELROUTE: struct rtmsg (12 bytes), then RTA_* attributes. */
import { addressBytes, addressFamily } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import { body, u32 } from '../kernel/attributes.ts';
import { FAMILY } from '../kernel/constants.ts';
import { type NextHop, type RouteAssignment, SCOPE } from './assignments.ts';
import { METRIC } from './route-metrics.ts';

const RTA = {
  ...{ DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, METRICS: 8, MULTIPATH: 9 },
  ...{ FLOW: 11, TABLE: 15, VIA: 18, PREF: 20, EXPIRES: 23 },
} as const;
const RTNH_F_ONLINK = 4;

type Attribute = readonly [type: number, value: Uint8Array];

export function routeAddBody(route: RouteAssignment): Buffer {
  return routeBody(route, route.scope);
}

/** Of any scope: the kernel may have made another of it. */
export function routeDeleteBody(route: RouteAssignment): Buffer {
  return routeBody(route, SCOPE.NOWHERE);
}

function routeBody(route: RouteAssignment, scope: number): Buffer {
  const { family, to, hops, source, metric, preference, expires } = route;
  const [only] = hops;
  const single = hops.length === 1 && only !== undefined;
  const header = Buffer.alloc(12);
  header.set([family === 4 ? FAMILY.INET : FAMILY.INET6, to?.length ?? 0, 0, route.tos]);
  header.set([route.table < 256 ? route.table : 0, route.protocol, scope, route.type], 4);
  header.writeUInt32LE(single && only.onlink ? RTNH_F_ONLINK : 0, 8);
  const attributes: Attribute[] = [[RTA.TABLE, u32(route.table)]];
  if (to !== null) attributes.push([RTA.DST, addressBytes(to.address)]);
  if (source !== null) attributes.push([RTA.PREFSRC, addressBytes(source)]);
  if (metric !== null) attributes.push([RTA.PRIORITY, u32(metric)]);
  if (preference !== null) attributes.push([RTA.PREF, Uint8Array.of(preference)]);
  if (expires !== null) attributes.push([RTA.EXPIRES, u32(expires)]);
  const metrics = metricAttributes(route);
  if (metrics.length > 0) attributes.push([RTA.METRICS, body(new Uint8Array(), metrics)]);
  if (single) attributes.push(...hopAttributes(family, only));
  if (single && only.ifindex !== null) attributes.push([RTA.OIF, u32(only.ifindex)]);
  if (hops.length > 1) attributes.push([RTA.MULTIPATH, Buffer.concat(hops.map((hop) => nextHop(family, hop)))]);
  return body(header, attributes);
}

function metricAttributes({ metrics, congestionControl }: RouteAssignment): Attribute[] {
  const numbers = [...metrics].map(([type, value]): Attribute => [type, u32(value)]);
  if (congestionControl === null) return numbers;
  return [...numbers, [METRIC.CONGESTION_CONTROL, Buffer.from(`${congestionControl}\0`)]];
}

/** struct rtnexthop (length, flags, weight less 1, interface), then the hop's own attributes. */
function nextHop(family: 4 | 6, hop: NextHop): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(hop.onlink ? RTNH_F_ONLINK : 0, 2);
  header.writeUInt8(hop.weight - 1, 3);
  header.writeInt32LE(hop.ifindex ?? 0, 4);
  const bytes = body(header, hopAttributes(family, hop));
  bytes.writeUInt16LE(bytes.length, 0);
  return bytes;
}

function hopAttributes(family: 4 | 6, { gateway, realms }: NextHop): Attribute[] {
  const attributes: Attribute[] = [];
  if (gateway !== null) attributes.push(gatewayAttribute(family, gateway));
  if (realms !== null) attributes.push([RTA.FLOW, u32(realms)]);
  return attributes;
}

/** RTA_VIA: a gateway of the other family, behind two bytes that name it. */
function gatewayAttribute(family: 4 | 6, gateway: Address): Attribute {
  const bytes = addressBytes(gateway);
  if (addressFamily(gateway) === family) return [RTA.GATEWAY, bytes];
  return [RTA.VIA, Uint8Array.from([family === 4 ? FAMILY.INET6 : FAMILY.INET, 0, ...bytes])];
}
