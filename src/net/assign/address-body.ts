/** Bodies of RTM_NEWADDR, RTM_DELADDR and RTM_GETADDR: struct ifaddrmsg (8 bytes), then IFA_* attributes. */
import { addressBytes, addressFamily } from '../../core/model/address.ts';
import { body, u32 } from '../kernel/attributes.ts';
import { FAMILY } from '../kernel/constants.ts';
import type { AddressAssignment } from './assignments.ts';

const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, BROADCAST: 4, CACHEINFO: 6, FLAGS: 8 } as const;
const IFA_F = { NODAD: 0x02, HOMEADDRESS: 0x10, MANAGETEMPADDR: 0x100, NOPREFIXROUTE: 0x200, MCAUTOJOIN: 0x400 };
const FOREVER = 0xffff_ffff;

type Attribute = readonly [type: number, value: Uint8Array];

export function addressAddBody(assignment: AddressAssignment): Buffer {
  const { label, broadcast, preferredLifetime } = assignment;
  const attributes: Attribute[] = [...ends(assignment), [IFA.FLAGS, u32(flagsOf(assignment))]];
  if (label !== null) attributes.push([IFA.LABEL, Buffer.from(`${label}\0`)]);
  if (broadcast !== null) attributes.push([IFA.BROADCAST, addressBytes(broadcast)]);
  if (preferredLifetime !== null) attributes.push([IFA.CACHEINFO, cacheInfo(preferredLifetime)]);
  return body(header(assignment), attributes);
}

/** Says which one and no more, so that it is found whoever made it. */
export function addressDeleteBody(assignment: AddressAssignment): Buffer {
  return body(header(assignment), ends(assignment));
}

/** Asks for one IPv6 address. */
export function addressGetBody(assignment: AddressAssignment): Buffer {
  return body(header(assignment), [[IFA.ADDRESS, addressBytes(assignment.address)]]);
}

function header({ address, prefix, scope, ifindex }: AddressAssignment): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(addressFamily(address) === 4 ? FAMILY.INET : FAMILY.INET6, 0);
  bytes.writeUInt8(prefix, 1);
  bytes.writeUInt8(scope, 3);
  bytes.writeInt32LE(ifindex, 4);
  return bytes;
}

/** Without a peer, both ends are the address itself. */
function ends({ address, peer }: AddressAssignment): Attribute[] {
  return [
    [IFA.LOCAL, addressBytes(address)],
    [IFA.ADDRESS, addressBytes(peer ?? address)],
  ];
}

function flagsOf({ nodad, home, mngtmpaddr, noprefixroute, autojoin }: AddressAssignment): number {
  const flags: [boolean, number][] = [
    [nodad, IFA_F.NODAD],
    [home, IFA_F.HOMEADDRESS],
    [mngtmpaddr, IFA_F.MANAGETEMPADDR],
    [noprefixroute, IFA_F.NOPREFIXROUTE],
    [autojoin, IFA_F.MCAUTOJOIN],
  ];
  return flags.reduce((sum, [set, flag]) => (set ? sum | flag : sum), 0);
}

/** struct ifa_cacheinfo: preferred and valid lifetime, then two times that the kernel fills in. */
function cacheInfo(preferred: number): Buffer {
  return Buffer.concat([u32(preferred), u32(FOREVER), u32(0), u32(0)]);
}
