/**
 * IPVS's sysctls (net.ipv4.vs.*) as far as xlb has them, under their own names
 * and with their own defaults; and what xlb has besides.
 */
import { checkInteger, fault } from './check.ts';
import type { CommandError } from './command.ts';

interface SysctlRule {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** What it does, for a person. */
  readonly text: string;
}

const MODE_TEXT = '0 never, 1 and 2 while memory is short (amemthresh), 3 always';
const SWITCH = { default: 0, min: 0, max: 1 };
const MODE = { default: 0, min: 0, max: 3 };
const MAX_INT = 0x7fffffff;
/** What is counted of one connection. */
const MAX_PACKETS = 0x1ffffff;

const RULES = {
  am_droprate: { default: 10, min: 1, max: MAX_INT, text: 'drop_packet 3: one opening packet in so many is dropped' },
  amemthresh: { default: 1024, min: 0, max: MAX_INT, text: 'pages of free and buffer memory below which it is short' },
  conn_burst: {
    ...{ default: 0, min: 0, max: 10_000_000 },
    text: "xlb's own: new connections of all services that may come at once; 0: as many as conn_rate",
  },
  conn_rate: {
    ...{ default: 0, min: 0, max: 1_000_000 },
    text: "xlb's own: new connections a second of all services, above which they get no entry; 0: no limit",
  },
  conn_reuse_mode: {
    ...{ default: 1, min: 0, max: 3 },
    text: 'a SYN on a connection that is over: 0 the same server, 1 a new choice, 2 in FIN_WAIT too',
  },
  drop_entry: { ...MODE, text: `half-open connections are taken out at random: ${MODE_TEXT}` },
  drop_packet: { ...MODE, text: `packets that would open a connection are dropped: ${MODE_TEXT}` },
  expire_nodest_conn: { ...SWITCH, text: "a deleted server's connections end at once instead of waiting for it" },
  expire_quiescent_template: { ...SWITCH, text: 'persistent clients leave a server of weight 0' },
  nat_icmp_send: { ...SWITCH, text: "port unreachable to a nat server's packets that belong to no connection" },
  nat_reply_route: {
    ...{ ...SWITCH, default: 1 },
    text: "xlb's own: a nat server's replies go by the kernel's routes; 0: the way that the client's packets came",
  },
  pmtu_disc: { ...SWITCH, default: 1, text: 'packets too big for a tunnel are answered with ICMP' },
  schedule_icmp: { ...SWITCH, text: 'ICMP errors about unknown connections are scheduled' },
  secure_tcp: { ...MODE, text: `a stricter table of TCP states: ${MODE_TEXT}` },
  snat_reroute: { ...SWITCH, default: 1, text: "replies are routed as the VIP's, else as the nat server's" },
  sync_period: {
    ...{ default: 50, min: 0, max: MAX_PACKETS },
    text: 'packets of a connection after which another director is told again; the second number of sync_threshold',
  },
  sync_persist_mode: {
    ...SWITCH,
    text: 'another director is told of persistent clients, and not of their connections',
  },
  sync_refresh_period: {
    ...{ default: 0, min: 0, max: MAX_INT },
    text: 'seconds within which a connection that goes on as it was is told of once; 0: as packets come',
  },
  sync_retries: { default: 0, min: 0, max: 3, text: 'how often it is told again within them' },
  sync_threshold: {
    ...{ default: 3, min: 0, max: MAX_PACKETS },
    text: 'packets of a connection before another director is told of it; less than sync_period',
  },
  sloppy_sctp: { ...SWITCH, text: 'SCTP connections open with any packet but ABORT' },
  sloppy_tcp: { ...SWITCH, text: 'TCP connections open with any packet but RST' },
} as const satisfies Record<string, SysctlRule>;

export type SysctlName = keyof typeof RULES;
export type Sysctls = Readonly<Record<SysctlName, number>>;

export const SYSCTLS: Readonly<Record<SysctlName, SysctlRule>> = RULES;
export const SYSCTL_NAMES = Object.keys(RULES) as readonly SysctlName[];

export const DEFAULT_SYSCTLS = Object.fromEntries(SYSCTL_NAMES.map((name) => [name, RULES[name].default])) as Sysctls;

/** Takes anything; the path of a fault is the name. */
export function checkSysctls(values: Partial<Record<string, unknown>>): CommandError | null {
  for (const [name, value] of Object.entries(values)) {
    if (!isSysctl(name)) {
      return fault('invalid', name, `found the unknown name ${name}, expected one of ${SYSCTL_NAMES.join(', ')}`);
    }
    const error = checkInteger(name, value, RULES[name].min, RULES[name].max);
    if (error !== null) return error;
  }
  return null;
}

export function isSysctl(name: string): name is SysctlName {
  return Object.hasOwn(RULES, name);
}
