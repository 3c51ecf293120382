/** The configuration of one side, in the language that both programs read. */
import { ADDRESS4, ADDRESS6, LINK_LOCAL, otherSide, type Side } from './lan.ts';

export interface Variant {
  readonly name: string;
  readonly family: 4 | 6;
  /** Seconds between two advertisements. */
  readonly interval: number;
  /** Of the skew: version 2 has parts of a second, version 3 of the interval. */
  readonly version: 2 | 3;
  readonly lines: (side: Side) => string;
  /** A second instance, and a synchronization group of both. */
  readonly group?: true;
}

export const VIP: Record<4 | 6, string> = { 4: '192.168.10.188', 6: 'fd00:10::188' };
/** Of the second instance. */
export const SECOND_VIP = '192.168.10.189';
export const VRID = 51;
export const PRIORITY = { master: 100, backup: 80, reloaded: 50 } as const;

const unicast = (addresses: Record<Side, string>) => (side: Side) =>
  `unicast_src_ip ${addresses[side]}\nunicast_peer { ${addresses[otherSide(side)]} }`;
const nothing = () => '';

export const VARIANTS = {
  v2: { name: 'version 2', family: 4, interval: 1, version: 2, lines: nothing },
  pass: {
    name: 'version 2, PASS',
    family: 4,
    interval: 1,
    version: 2,
    lines: () => 'authentication {\nauth_type PASS\nauth_pass 1111\n}',
  },
  ah: {
    name: 'version 2, AH',
    family: 4,
    interval: 1,
    version: 2,
    lines: () => 'authentication {\nauth_type AH\nauth_pass secret88\n}',
  },
  'v2-unicast': { name: 'version 2, unicast', family: 4, interval: 1, version: 2, lines: unicast(ADDRESS4) },
  vmac: { name: 'version 2, virtual MAC', family: 4, interval: 1, version: 2, lines: () => 'use_vmac' },
  'vmac-unicast': {
    name: 'version 2, virtual MAC, unicast',
    family: 4,
    interval: 1,
    version: 2,
    lines: (side: Side) => `use_vmac\n${unicast(ADDRESS4)(side)}`,
  },
  group: { name: 'version 2, sync group', family: 4, interval: 1, version: 2, lines: nothing, group: true },
  v3: { name: 'version 3', family: 4, interval: 0.5, version: 3, lines: () => 'version 3\nadvert_int 0.5' },
  'v3-old': {
    name: 'version 3, unicast, old checksum',
    family: 4,
    interval: 0.5,
    version: 3,
    // The other side finds it out.
    lines: (side: Side) =>
      `version 3\nadvert_int 0.5\n${unicast(ADDRESS4)(side)}\n${side === 'b' ? 'old_unicast_checksum' : ''}`,
  },
  v6: { name: 'version 3, IPv6', family: 6, interval: 0.5, version: 3, lines: () => 'advert_int 0.5' },
  'v6-vmac': {
    name: 'version 3, IPv6, virtual MAC',
    family: 6,
    interval: 0.5,
    version: 3,
    lines: () => 'advert_int 0.5\nuse_vmac',
  },
  'v6-unicast': {
    name: 'version 3, IPv6, unicast',
    family: 6,
    interval: 0.5,
    version: 3,
    lines: (side: Side) => `advert_int 0.5\n${unicast(ADDRESS6)(side)}`,
  },
} satisfies Record<string, Variant>;

/** `fails`: while there is such a file, the director's script fails, which it follows then. */
export function configFor(variant: Variant, side: Side, priority: number, fails?: string): string {
  // RFC 5798 5.2.9: the first address is link-local.
  const addresses = variant.family === 6 ? `fe80::188\n${VIP[6]}` : VIP[4];
  const script = `vrrp_script check {\nscript "/usr/bin/test ! -e ${fails}"\ninterval 1\nweight -30\nfall 2\n}\n`;
  const instance = [
    `interface eth0\nvirtual_router_id ${VRID}\npriority ${priority}`,
    variant.lines(side),
    `virtual_ipaddress {\n${addresses}\n}`,
    fails === undefined ? '' : 'track_script {\ncheck\n}',
  ];
  const second = variant.group === true ? secondInstance(priority) : '';
  const globals = `global_defs {\nrouter_id ${side}\nenable_script_security\nscript_user root\n}\n`;
  return `${globals}${fails === undefined ? '' : script}vrrp_instance vi {\n${instance.join('\n')}\n}\n${second}`;
}

function secondInstance(priority: number): string {
  const lines = `interface eth0\nvirtual_router_id ${VRID + 1}\npriority ${priority}`;
  const group = 'vrrp_sync_group both {\ngroup {\nvi\nvj\n}\n}\n';
  return `vrrp_instance vj {\n${lines}\nvirtual_ipaddress {\n${SECOND_VIP}\n}\n}\n${group}`;
}

/** Milliseconds that a priority waits longer (RFC 3768 6.1, RFC 5798 6.1). */
export function skew({ version, interval }: Variant, priority: number): number {
  return ((256 - priority) * (version === 2 ? 1000 : interval * 1000)) / 256;
}

/** Milliseconds that a master may be silent. */
export function masterDown(variant: Variant, priority: number): number {
  return 3 * variant.interval * 1000 + skew(variant, priority);
}

export const SOURCE: Record<4 | 6, Record<Side, string>> = { 4: ADDRESS4, 6: LINK_LOCAL };
