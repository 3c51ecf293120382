/** RTM_NEWLINK and RTM_DELLINK: struct ifinfomsg (16 bytes), then IFLA_* attributes. */
import type { Link } from '../facts.ts';
import { type Attributes, attributeNumber, attributeText, body, nested, readAttributes, u32 } from './attributes.ts';
import { FAMILY } from './constants.ts';

const HEADER_LENGTH = 16;
const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, LINK: 5, LINKINFO: 18, EXT_MASK: 29, LINK_NETNSID: 37 } as const;
const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
const IFLA_VLAN = { ID: 1, PROTOCOL: 5 } as const;
const IFF = { UP: 0x1, LOOPBACK: 0x8, LOWER_UP: 0x10000 } as const;
const ARPHRD_ETHER = 1;
const RTEXT_FILTER_SKIP_STATS = 8;
const ETH_P_8021Q = 0x8100;

export function linkDumpBody(): Buffer {
  return body(Buffer.alloc(HEADER_LENGTH), [[IFLA.EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS)]]);
}

/** Null: a message about something else (a bridge's port, a wireless event). */
export function readLink(message: Buffer): Link | null {
  if (message.length < HEADER_LENGTH || message.readUInt8(0) !== FAMILY.UNSPEC) return null;
  const attributes = readAttributes(message.subarray(HEADER_LENGTH));
  const name = attributeText(attributes, IFLA.IFNAME);
  if (name === undefined) return null;
  const ethernet = message.readUInt16LE(2) === ARPHRD_ETHER;
  const flags = message.readUInt32LE(8);
  const mac = attributes.get(IFLA.ADDRESS);
  const information = nested(attributes, IFLA.LINKINFO);
  const kind = attributeText(information, IFLA_INFO.KIND) ?? '';
  return {
    ifindex: message.readInt32LE(4),
    name,
    mac: ethernet && mac?.length === 6 ? Uint8Array.from(mac) : null,
    mtu: attributeNumber(attributes, IFLA.MTU) ?? 0,
    up: (flags & IFF.UP) !== 0,
    carrier: (flags & IFF.LOWER_UP) !== 0,
    ethernet,
    loopback: (flags & IFF.LOOPBACK) !== 0,
    kind,
    ...(kind === 'veth' && { peer: linked(attributes) }),
    vlan: kind === 'vlan' ? readVlan(attributes, nested(information, IFLA_INFO.DATA)) : null,
  };
}

/** The index of the link that a message is about; null as for `readLink`. */
export function readLinkIndex(message: Buffer): number | null {
  if (message.length < HEADER_LENGTH || message.readUInt8(0) !== FAMILY.UNSPEC) return null;
  return message.readInt32LE(4);
}

/** The link that it belongs to; null: that is in another namespace. */
function linked(attributes: Attributes): number | null {
  return attributes.has(IFLA.LINK_NETNSID) ? null : (attributeNumber(attributes, IFLA.LINK) ?? null);
}

function readVlan(attributes: Attributes, data: Attributes): Link['vlan'] {
  return {
    lower: linked(attributes),
    // The protocol alone is in network order here.
    tag: {
      tpid: data.get(IFLA_VLAN.PROTOCOL)?.readUInt16BE(0) ?? ETH_P_8021Q,
      tci: attributeNumber(data, IFLA_VLAN.ID) ?? 0,
    },
  };
}
