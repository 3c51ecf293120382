/** Body of RTM_NEWRULE and RTM_DELRULE: struct fib_rule_hdr (12 bytes), then FRA_* attributes. */
import { addressBytes } from '../../core/model/address.ts';
import { body, u32 } from '../kernel/attributes.ts';
import { FAMILY } from '../kernel/constants.ts';
import type { Range, RuleAction, RuleAssignment } from './assignments.ts';

const FRA = {
  ...{ DST: 1, SRC: 2, IIFNAME: 3, GOTO: 4, PRIORITY: 6, FWMARK: 10, FLOW: 11, TUN_ID: 12 },
  ...{ SUPPRESS_IFGROUP: 13, SUPPRESS_PREFIXLEN: 14, TABLE: 15, FWMASK: 16, OIFNAME: 17, L3MDEV: 19 },
  ...{ UID_RANGE: 20, PROTOCOL: 21, IP_PROTO: 22, SPORT_RANGE: 23, DPORT_RANGE: 24 },
} as const;
/** FR_ACT_*; an l3mdev rule looks up, too. */
const ACTIONS: Readonly<Record<RuleAction['type'], number>> = {
  ...{ lookup: 1, l3mdev: 1, goto: 2, nop: 3, blackhole: 6, unreachable: 7, prohibit: 8 },
};
const FIB_RULE_INVERT = 2;

type Attribute = readonly [type: number, value: Uint8Array];

export function ruleBody(rule: RuleAssignment): Buffer {
  const { family, action, from, to, tos, invert } = rule;
  const table = action.type === 'lookup' ? action.table : 0;
  const header = Buffer.alloc(12);
  header.set([family === 4 ? FAMILY.INET : FAMILY.INET6, to?.length ?? 0, from?.length ?? 0, tos]);
  header.set([table < 256 ? table : 0, 0, 0, ACTIONS[action.type]], 4);
  header.writeUInt32LE(invert ? FIB_RULE_INVERT : 0, 8);
  return body(header, [...selectors(rule), ...actionAttributes(rule)]);
}

function selectors(rule: RuleAssignment): Attribute[] {
  const attributes: (Attribute | null)[] = [
    [FRA.PRIORITY, u32(rule.priority)],
    [FRA.PROTOCOL, Uint8Array.of(rule.protocol)],
    given(FRA.SRC, rule.from?.address, addressBytes),
    given(FRA.DST, rule.to?.address, addressBytes),
    given(FRA.IIFNAME, rule.inputInterface, text),
    given(FRA.OIFNAME, rule.outputInterface, text),
    given(FRA.FWMARK, rule.mark?.value, u32),
    given(FRA.FWMASK, rule.mark?.mask, u32),
    given(FRA.TUN_ID, rule.tunnel, u64BigEndian),
    given(FRA.UID_RANGE, rule.users, ({ first, last }) => Buffer.concat([u32(first), u32(last)])),
    given(FRA.IP_PROTO, rule.ipProtocol, (protocol) => Uint8Array.of(protocol)),
    given(FRA.SPORT_RANGE, rule.sourcePorts, ports),
    given(FRA.DPORT_RANGE, rule.destinationPorts, ports),
  ];
  return attributes.filter((attribute) => attribute !== null);
}

function actionAttributes({ action, realms, suppressPrefixLength, suppressGroup }: RuleAssignment): Attribute[] {
  if (action.type === 'goto') return [[FRA.GOTO, u32(action.priority)]];
  if (action.type === 'l3mdev') return [[FRA.L3MDEV, Uint8Array.of(1)]];
  if (action.type !== 'lookup') return [];
  const attributes: (Attribute | null)[] = [
    [FRA.TABLE, u32(action.table)],
    given(FRA.FLOW, realms, u32),
    given(FRA.SUPPRESS_PREFIXLEN, suppressPrefixLength, u32),
    given(FRA.SUPPRESS_IFGROUP, suppressGroup, u32),
  ];
  return attributes.filter((attribute) => attribute !== null);
}

function given<T>(type: number, value: T | null | undefined, encode: (value: T) => Uint8Array): Attribute | null {
  return value === null || value === undefined ? null : [type, encode(value)];
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function u64BigEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** In host order, unlike ports on the wire. */
function ports({ first, last }: Range): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(first, 0);
  bytes.writeUInt16LE(last, 2);
  return bytes;
}
