/** Datagrams that keepalived 2.2.7 (Debian) sent, captured; the names say how it was configured. */
import { parseAddress } from '../../src/core/model/address.ts';
import type { Address } from '../../src/core/model/model.ts';
import {
  type Advert,
  type Authentication,
  authenticationBytes,
  NO_AUTHENTICATION,
} from '../../src/core/vrrp/advert.ts';

import { PROTOCOL_VRRP } from '../../src/core/vrrp/checksum.ts';
import type { Expectation } from '../../src/core/vrrp/expectation.ts';
import { type Datagram, readIPv4 } from '../../src/core/vrrp/ipv4.ts';

export interface Vector {
  readonly name: string;
  readonly advert: Advert;
  readonly authentication: Authentication;
  readonly source: string;
  readonly destination: string;
  /** IPv4: from the IP header; IPv6: the VRRP packet. */
  readonly hex: string;
}

const address = (text: string): Address => parseAddress(text)!;
const bytes = (text: string) => authenticationBytes(new TextEncoder().encode(text));
const addresses = (...texts: string[]) => texts.map((text) => parseAddress(text)!);
const from11 = { source: '192.168.10.11', destination: '224.0.0.18', authentication: NO_AUTHENTICATION };

export const VECTORS: readonly Vector[] = [
  {
    ...from11,
    name: 'version 2, PASS "1111"',
    advert: { version: 2, vrid: 1, priority: 100, interval: 100, addresses: addresses('192.168.10.101') },
    authentication: { type: 'pass', password: bytes('1111') },
    hex: '45c0002800010000ff700fdfc0a80a0be0000012 2101640101014c8cc0a80a653131313100000000',
  },
  {
    ...from11,
    name: 'version 2, no authentication, two addresses',
    advert: {
      version: 2,
      vrid: 2,
      priority: 100,
      interval: 100,
      addresses: addresses('192.168.10.102', '192.168.10.103'),
    },
    hex: '45c0002c00010000ff700fdbc0a80a0be0000012 210264020001e4dbc0a80a66c0a80a670000000000000000',
  },
  {
    ...from11,
    name: 'version 2, AH "secret88", the first packet',
    advert: { version: 2, vrid: 3, priority: 100, interval: 100, addresses: addresses('192.168.10.104') },
    authentication: { type: 'ah', key: bytes('secret88') },
    hex: `45c0004000010000ff331004c0a80a0be0000012 70040000c0a80a0b00000001b11d26c8515980f6e1cf1a05
      210364010201ade9c0a80a680000000000000000`,
  },
  {
    ...from11,
    name: 'version 3, IPv4, half a second, priority 150',
    advert: { version: 3, vrid: 4, priority: 150, interval: 50, addresses: addresses('192.168.10.105') },
    hex: '45c0002000010000ff700fe7c0a80a0be0000012 310496010032c273c0a80a69',
  },
  {
    ...from11,
    name: 'version 3, IPv4, unicast',
    destination: '192.168.10.12',
    advert: { version: 3, vrid: 6, priority: 100, interval: 100, addresses: addresses('192.168.10.106') },
    hex: '45c0002000010000ff702545c0a80a0bc0a80a0c 310664010064099dc0a80a6a',
  },
  {
    ...from11,
    name: 'version 3, IPv6, 30 cs',
    source: 'fe80::1cbc:1fff:fe79:6815',
    destination: 'ff02::12',
    advert: { version: 3, vrid: 5, priority: 100, interval: 30, addresses: addresses('fe80::a:5', 'fd00:10::105') },
    hex: '31056402001eccbb fe8000000000000000000000000a0005 fd000010000000000000000000000105',
  },
];

/** The VRRP packet of an owner of version 2, whose IP header was not kept. */
export const OWNER = {
  advert: { version: 2, vrid: 8, priority: 255, interval: 100, addresses: addresses('192.168.10.108') },
  hex: '2108ff01000114e0c0a80a6c0000000000000000',
} as const;

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.replace(/\s/g, '').match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

export const isIPv4 = (vector: Vector) => !vector.source.includes(':');
export const isUnicast = (vector: Vector) => vector.destination.startsWith('192');

/** As a raw socket hands it over. */
export function datagramOf(vector: Vector, bytes = fromHex(vector.hex)): Datagram | null {
  if (isIPv4(vector)) return readIPv4(bytes);
  const [source, destination] = [address(vector.source), address(vector.destination)];
  return { source, destination, hopLimit: 255, protocol: PROTOCOL_VRRP, header: null, payload: bytes };
}

/** Of an instance that was configured like the sender, and refuses another list of addresses. */
export function expectationOf(vector: Vector): Expectation {
  const { version, vrid, interval, addresses } = vector.advert;
  return {
    ...{ version, vrid, interval, addresses, authentication: vector.authentication, otherAddresses: 'refuse' },
    ...{ group: address(isIPv4(vector) ? '224.0.0.18' : 'ff02::12'), checkUnicastSource: false },
    peers: isUnicast(vector) ? [{ address: address(vector.source) }] : null,
    plainChecksum: false,
    oldChecksum: 'auto',
    sequence: 0,
  };
}
