/** Bodies of RTM_NEWLINK, RTM_DELLINK and RTM_GETLINK: struct ifinfomsg (16 bytes), then IFLA_* attributes. */
import { attributeNumber, attributeText, body, nested, readAttributes, u32 } from '../kernel/attributes.ts';
import { FAMILY } from '../kernel/constants.ts';

const HEADER_LENGTH = 16;
const IFLA = { ADDRESS: 1, IFNAME: 3, LINK: 5, LINKINFO: 18, AF_SPEC: 26 } as const;
const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
const IFLA_MACVLAN_MODE = 1;
const MODE_PRIVATE = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const ADDR_GEN_MODE_NONE = 1;
const IFF_UP = 1;

export interface Macvlan {
  readonly name: string;
  /** Index of the interface that it stands on. */
  readonly parent: number;
  /** 6 bytes */
  readonly mac: Uint8Array;
}

export interface FoundLink {
  readonly ifindex: number;
  readonly name: string;
  readonly kind: string;
  readonly parent: number | null;
  readonly mac: Uint8Array;
}

/** Private: frames of the parent's other macvlans do not reach it, nor its own them. */
export function macvlanAddBody({ name, parent, mac }: Macvlan): Buffer {
  const information = nest([
    [IFLA_INFO.KIND, Buffer.from('macvlan\0')],
    [IFLA_INFO.DATA, nest([[IFLA_MACVLAN_MODE, u32(MODE_PRIVATE)]])],
  ]);
  return body(Buffer.alloc(HEADER_LENGTH), [
    [IFLA.IFNAME, Buffer.from(`${name}\0`)],
    [IFLA.ADDRESS, mac],
    [IFLA.LINK, u32(parent)],
    [IFLA.LINKINFO, information],
  ]);
}

/** No link-local address made from the virtual MAC, which the next MASTER would have as well (RFC 5798 7.4). */
export function withoutLinkLocalBody(ifindex: number): Buffer {
  const mode = nest([[IFLA_INET6_ADDR_GEN_MODE, Uint8Array.of(ADDR_GEN_MODE_NONE)]]);
  return body(header(ifindex), [[IFLA.AF_SPEC, nest([[FAMILY.INET6, mode]])]]);
}

export function linkUpBody(ifindex: number): Buffer {
  const bytes = header(ifindex);
  bytes.writeUInt32LE(IFF_UP, 8);
  bytes.writeUInt32LE(IFF_UP, 12); // no other flag changes
  return body(bytes, []);
}

/** Asks for one link, or deletes it. */
export function linkBody(ifindex: number): Buffer {
  return body(header(ifindex), []);
}

export function linkByNameBody(name: string): Buffer {
  return body(header(0), [[IFLA.IFNAME, Buffer.from(`${name}\0`)]]);
}

export function readFoundLink(message: Buffer): FoundLink {
  const attributes = readAttributes(message.subarray(HEADER_LENGTH));
  return {
    ifindex: message.readInt32LE(4),
    name: attributeText(attributes, IFLA.IFNAME) ?? '',
    kind: attributeText(nested(attributes, IFLA.LINKINFO), IFLA_INFO.KIND) ?? '',
    parent: attributeNumber(attributes, IFLA.LINK) ?? null,
    mac: Uint8Array.from(attributes.get(IFLA.ADDRESS) ?? []),
  };
}

function header(ifindex: number): Buffer {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes.writeInt32LE(ifindex, 4);
  return bytes;
}

function nest(attributes: readonly (readonly [type: number, value: Uint8Array])[]): Buffer {
  return body(new Uint8Array(), attributes);
}
