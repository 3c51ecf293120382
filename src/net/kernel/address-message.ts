/** RTM_NEWADDR and RTM_DELADDR: struct ifaddrmsg (8 bytes), then IFA_* attributes. */
import { addressText } from '../address.ts';
import type { LocalAddress } from '../facts.ts';
import { attributeNumber, body, readAttributes } from './attributes.ts';
import { FAMILY } from './constants.ts';

const HEADER_LENGTH = 8;
const IFA = { ADDRESS: 1, LOCAL: 2, FLAGS: 8 } as const;
const IFA_F = { SECONDARY: 0x01, DADFAILED: 0x08, DEPRECATED: 0x20, TENTATIVE: 0x40 } as const;
const SCOPE = { LINK: 253, HOST: 254 } as const;

export function addressDumpBody(): Buffer {
  return body(Buffer.alloc(HEADER_LENGTH), []);
}

/** Null: of another family. */
export function readAddress(message: Buffer): LocalAddress | null {
  if (message.length < HEADER_LENGTH) return null;
  const family = message.readUInt8(0);
  if (family !== FAMILY.INET && family !== FAMILY.INET6) return null;
  const attributes = readAttributes(message.subarray(HEADER_LENGTH));
  // On a point-to-point link IFA_ADDRESS is the peer's.
  const address = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
  if (address === undefined) return null;
  const flags = attributeNumber(attributes, IFA.FLAGS) ?? message.readUInt8(2);
  const scope = message.readUInt8(3);
  return {
    ifindex: message.readInt32LE(4),
    address: addressText(address),
    prefix: message.readUInt8(1),
    scope: scope >= SCOPE.HOST ? 'host' : scope === SCOPE.LINK ? 'link' : 'global',
    deprecated: (flags & IFA_F.DEPRECATED) !== 0,
    tentative: (flags & (IFA_F.TENTATIVE | IFA_F.DADFAILED)) !== 0,
    secondary: (flags & IFA_F.SECONDARY) !== 0,
  };
}
