/** RTM_GETROUTE and its answer: struct rtmsg (12 bytes), then RTA_* attributes. */

import { addressBytes, addressFamily } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import { addressText } from '../address.ts';
import type { Prefix, RouteAnswer } from '../facts.ts';
import { type Attributes, attributeNumber, body, nested, readAttributes } from './attributes.ts';
import { FAMILY } from './constants.ts';

const HEADER_LENGTH = 12;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PREFSRC: 7, METRICS: 8, VIA: 18 } as const;
const RTAX_MTU = 2;
const RTM_F_CLONED = 0x200;
const TYPES = new Map([
  [1, 'unicast'],
  [2, 'local'],
  [3, 'broadcast'],
  [5, 'multicast'],
] as const);

export function routeGetBody(address: Address): Buffer {
  const bytes = addressBytes(address);
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt8(addressFamily(address) === 4 ? FAMILY.INET : FAMILY.INET6, 0);
  header.writeUInt8(bytes.length * 8, 1);
  return body(header, [[RTA.DST, bytes]]);
}

export function readRoute(message: Buffer): RouteAnswer {
  if (message.length < HEADER_LENGTH) return { ok: false, code: 'EBADMSG' };
  const attributes = readAttributes(message.subarray(HEADER_LENGTH));
  const source = attributes.get(RTA.PREFSRC);
  return {
    ok: true,
    type: TYPES.get(message.readUInt8(7) as 1 | 2 | 3 | 5) ?? 'other',
    ifindex: attributeNumber(attributes, RTA.OIF) ?? 0,
    gateway: readGateway(attributes),
    source: source === undefined ? null : addressText(source),
    mtu: attributeNumber(nested(attributes, RTA.METRICS), RTAX_MTU) ?? null,
  };
}

/** What a route notification is about; null: nothing that answers could depend on. */
export function readRoutePrefix(message: Buffer): Prefix | null {
  if (message.length < HEADER_LENGTH || (message.readUInt32LE(8) & RTM_F_CLONED) !== 0) return null;
  const family = message.readUInt8(0);
  if (family !== FAMILY.INET && family !== FAMILY.INET6) return null;
  const destination = readAttributes(message.subarray(HEADER_LENGTH)).get(RTA.DST);
  return {
    family: family === FAMILY.INET ? 4 : 6,
    address: destination === undefined ? new Uint8Array() : Uint8Array.from(destination),
    length: destination === undefined ? 0 : message.readUInt8(1),
  };
}

function readGateway(attributes: Attributes): Address | null {
  const gateway = attributes.get(RTA.GATEWAY);
  if (gateway !== undefined) return addressText(gateway);
  // RTA_VIA: a gateway of the other family, behind two bytes that name it.
  const via = attributes.get(RTA.VIA);
  return via === undefined ? null : addressText(via.subarray(2));
}
