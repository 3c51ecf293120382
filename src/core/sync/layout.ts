/**
 * The wire formats of ip_vs_sync.c, in bytes; numbers are in network order.
 *
 *   version 1   0 syncid size(2) count version=1 0 0     then records, each on a multiple of 4
 *     record    type protocol size(2) flags(4) state(2) cport(2) vport(2) dport(2) mark(4) timeout(4)
 *               caddr vaddr daddr (4 or 16 each), then parameters: type length bytes...
 *   version 0   count syncid size(2)                     then records
 *     record    0 protocol cport(2) vport(2) dport(2) caddr(4) vaddr(4) daddr(4) flags(2) state(2)
 *               and 24 bytes more where flags has one of SEQUENCE_FLAGS
 */
export const VERSION = 1;
export const HEADER_LENGTH = 8;
export const HEADER_LENGTH_V0 = 4;
export const MAX_RECORDS = 255;

/** Bit of a record's type. */
export const TYPE_IPV6 = 1;
export const RECORD_LENGTH = { 4: 36, 6: 72 } as const;
export const RECORD_LENGTH_V0 = 24;
export const SEQUENCE_LENGTH = 24;

/** Where the addresses of a record stand. */
export const ADDRESSES_AT = 24;

/** The low bits of the field size; above them is a version, 0. */
export const SIZE_MASK = 0xfff;
export const SIZE_VERSION_SHIFT = 12;

export const PARAMETERS = { sequence: 1, engineData: 2, engineName: 3 } as const;
/** A parameter with this bit may be passed over by who does not know it. */
export const OPTIONAL_PARAMETER = 1 << 6;
