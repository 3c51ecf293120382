/** RTM_NEWNEIGH, RTM_DELNEIGH and RTM_GETNEIGH: struct ndmsg (12 bytes), then NDA_* attributes. */
import { addressBytes, addressFamily } from '../../core/model/address.ts';
import { addressText } from '../address.ts';
import { NEIGHBOUR_PROTOCOL, type Neighbour, type NeighbourKey, type NeighbourState } from '../facts.ts';
import { attributeNumber, body, readAttributes, u32 } from './attributes.ts';
import { FAMILY, NTF, NTF_EXT, NUD } from './constants.ts';

const HEADER_LENGTH = 12;
const NDA = { DST: 1, LLADDR: 2, PROTOCOL: 12, FLAGS_EXT: 15 } as const;

export function neighbourDumpBody(family: 4 | 6): Buffer {
  return body(header(family, 0, 0), []);
}

/** Asks for one entry. */
export function neighbourGetBody(key: NeighbourKey): Buffer {
  return body(header(addressFamily(key.address), key.ifindex, 0), [[NDA.DST, addressBytes(key.address)]]);
}

/**
 * Marks the entry as managed and starts a probe. NTF_USE stands beside the mark
 * because a kernel that does not know the mark takes NTF_USE alone for a probe,
 * where without it the message would invalidate the entry.
 */
export function neighbourProbeBody(key: NeighbourKey): Buffer {
  return body(header(addressFamily(key.address), key.ifindex, NTF.USE), [
    [NDA.DST, addressBytes(key.address)],
    [NDA.PROTOCOL, Uint8Array.of(NEIGHBOUR_PROTOCOL)],
    [NDA.FLAGS_EXT, u32(NTF_EXT.MANAGED)],
  ]);
}

/** The same without the mark: the kernel takes it off and leaves the entry as it is. */
export function neighbourReleaseBody(key: NeighbourKey): Buffer {
  return body(header(addressFamily(key.address), key.ifindex, NTF.USE), [[NDA.DST, addressBytes(key.address)]]);
}

/** Null: of another family (a bridge's forwarding entry), or a proxy entry. */
export function readNeighbour(message: Buffer): Neighbour | null {
  if (message.length < HEADER_LENGTH) return null;
  const family = message.readUInt8(0);
  if (family !== FAMILY.INET && family !== FAMILY.INET6) return null;
  if ((message.readUInt8(10) & NTF.PROXY) !== 0) return null;
  const attributes = readAttributes(message.subarray(HEADER_LENGTH));
  const address = attributes.get(NDA.DST);
  if (address === undefined) return null;
  const mac = attributes.get(NDA.LLADDR);
  return {
    ifindex: message.readInt32LE(4),
    address: addressText(address),
    mac: mac?.length === 6 ? Uint8Array.from(mac) : null,
    state: stateOf(message.readUInt16LE(8)),
    managed: ((attributeNumber(attributes, NDA.FLAGS_EXT) ?? 0) & NTF_EXT.MANAGED) !== 0,
    protocol: attributeNumber(attributes, NDA.PROTOCOL) ?? 0,
  };
}

function header(family: 4 | 6, ifindex: number, flags: number): Buffer {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes.writeUInt8(family === 4 ? FAMILY.INET : FAMILY.INET6, 0);
  bytes.writeInt32LE(ifindex, 4);
  bytes.writeUInt8(flags, 10);
  return bytes;
}

const STATES: readonly (readonly [bit: number, state: NeighbourState])[] = [
  [NUD.PERMANENT, 'permanent'],
  [NUD.NOARP, 'noarp'],
  [NUD.REACHABLE, 'reachable'],
  [NUD.STALE, 'stale'],
  [NUD.DELAY, 'delay'],
  [NUD.PROBE, 'probe'],
  [NUD.INCOMPLETE, 'incomplete'],
  [NUD.FAILED, 'failed'],
];

function stateOf(bits: number): NeighbourState {
  return STATES.find(([bit]) => (bits & bit) !== 0)?.[1] ?? 'none';
}
