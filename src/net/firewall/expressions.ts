/**
 * What a rule of nftables looks at and does, as attributes of its netlink messages (linux/netfilter/nf_tables.h).
 * Numbers in them are in network order.
 */
import { addressBytes, addressFamily } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import { isLinkLocal } from '../address.ts';
import { body, u32 } from '../kernel/attributes.ts';

type Attribute = readonly [type: number, value: Uint8Array];

const EXPRESSION = { NAME: 1, DATA: 2 } as const;
const META = { DREG: 1, KEY: 2 } as const;
const KEY = { IIF: 4, NFPROTO: 15, L4PROTO: 16 } as const;
const CMP = { SREG: 1, OP: 2, DATA: 3 } as const;
const OP = { EQ: 0, LTE: 3, GTE: 5 } as const;
const PAYLOAD = { DREG: 1, BASE: 2, OFFSET: 3, LEN: 4 } as const;
const BASE = { NETWORK: 1, TRANSPORT: 2 } as const;
const IMMEDIATE = { DREG: 1, DATA: 2 } as const;
const DATA = { VALUE: 1, VERDICT: 2 } as const;
const VERDICT_CODE = 1;
const LIST_ELEMENT = 1;
/** Register 0 holds the verdict. */
const REGISTER = { VERDICT: 0, FIRST: 1 } as const;
const VERDICT = { DROP: 0, ACCEPT: 1 } as const;
const NFPROTO = { 4: 2, 6: 10 } as const;
/** Offset and length of the destination in the IP header. */
const DESTINATION = { 4: { offset: 16, length: 4 }, 6: { offset: 24, length: 16 } } as const;
const PROTOCOL_ICMPV6 = 58;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;

/** Neighbour solicitations and advertisements are taken, whatever their destination (RFC 5798 6.4.3). */
export function acceptNeighbourDiscovery(): Buffer {
  return list(
    meta(KEY.NFPROTO),
    compare(OP.EQ, Buffer.of(NFPROTO[6])),
    meta(KEY.L4PROTO),
    compare(OP.EQ, Buffer.of(PROTOCOL_ICMPV6)),
    payload(BASE.TRANSPORT, 0, 1),
    compare(OP.GTE, Buffer.of(NEIGHBOUR_SOLICITATION)),
    compare(OP.LTE, Buffer.of(NEIGHBOUR_ADVERTISEMENT)),
    verdict(VERDICT.ACCEPT),
  );
}

/** Whatever else is for the address is dropped and counted. `ifindex`: a link-local one is another on each link. */
export function dropAddress(address: Address, ifindex: number): Buffer {
  const family = addressFamily(address);
  const { offset, length } = DESTINATION[family];
  return list(
    meta(KEY.NFPROTO),
    compare(OP.EQ, Buffer.of(NFPROTO[family])),
    ...(isLinkLocal(address) ? [meta(KEY.IIF), compare(OP.EQ, u32(ifindex))] : []),
    payload(BASE.NETWORK, offset, length),
    compare(OP.EQ, addressBytes(address)),
    expression('counter', []),
    verdict(VERDICT.DROP),
  );
}

export function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function nest(attributes: readonly Attribute[]): Buffer {
  return body(Buffer.alloc(0), attributes);
}

/** With the zero that ends it. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function list(...expressions: readonly Buffer[]): Buffer {
  return nest(expressions.map((each) => [LIST_ELEMENT, each]));
}

function expression(name: string, data: readonly Attribute[]): Buffer {
  return nest([
    [EXPRESSION.NAME, text(name)],
    [EXPRESSION.DATA, nest(data)],
  ]);
}

function meta(key: number): Buffer {
  return expression('meta', [
    [META.DREG, be32(REGISTER.FIRST)],
    [META.KEY, be32(key)],
  ]);
}

function payload(base: number, offset: number, length: number): Buffer {
  return expression('payload', [
    [PAYLOAD.DREG, be32(REGISTER.FIRST)],
    [PAYLOAD.BASE, be32(base)],
    [PAYLOAD.OFFSET, be32(offset)],
    [PAYLOAD.LEN, be32(length)],
  ]);
}

function compare(op: number, value: Uint8Array): Buffer {
  return expression('cmp', [
    [CMP.SREG, be32(REGISTER.FIRST)],
    [CMP.OP, be32(op)],
    [CMP.DATA, nest([[DATA.VALUE, value]])],
  ]);
}

function verdict(code: number): Buffer {
  return expression('immediate', [
    [IMMEDIATE.DREG, be32(REGISTER.VERDICT)],
    [IMMEDIATE.DATA, nest([[DATA.VERDICT, nest([[VERDICT_CODE, be32(code)]])]])],
  ]);
}
