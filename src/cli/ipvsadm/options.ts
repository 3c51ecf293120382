/**
 * ipvsadm's words: its options as popt knows them, the names under which its
 * messages speak of them, and which of them each command may, must or must not have.
 */
import type { OptionSpec } from './popt.ts';

/** Commands, by their name in ipvsadm's messages. */
export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero';

/** Long options that are commands; only the first option may be one. */
export const COMMAND_OPTIONS = {
  'add-service': 'add-service',
  'edit-service': 'edit-service',
  'delete-service': 'delete-service',
  clear: 'flush',
  list: 'list',
  zero: 'zero',
  'add-server': 'add-server',
  'edit-server': 'edit-server',
  'delete-server': 'delete-server',
  set: 'set',
  restore: 'restore',
  save: 'save',
  'start-daemon': 'start-daemon',
  'stop-daemon': 'stop-daemon',
} as const satisfies Record<string, CommandName>;

/** Options by their name in ipvsadm's messages, in the order in which they are checked. `mh-size` is xlb's own, as is the method `--fullnat`. */
export const CHECKED_OPTIONS = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'sync-maxlen',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
  'mh-size',
] as const;
export type CheckedOption = (typeof CHECKED_OPTIONS)[number];

const OPTION_TABLE = [
  ['add-service', 'none', 'A'],
  ['edit-service', 'none', 'E'],
  ['delete-service', 'none', 'D'],
  ['clear', 'none', 'C'],
  ['list', 'none', 'L'],
  ['list', 'none', 'l'],
  ['zero', 'none', 'Z'],
  ['add-server', 'none', 'a'],
  ['edit-server', 'none', 'e'],
  ['delete-server', 'none', 'd'],
  ['set', 'none'],
  ['help', 'none', 'h'],
  ['version', 'none', 'v'],
  ['restore', 'none', 'R'],
  ['save', 'none', 'S'],
  ['start-daemon', 'required'],
  ['stop-daemon', 'required'],
  ['tcp-service', 'required', 't'],
  ['udp-service', 'required', 'u'],
  ['sctp-service', 'required'],
  ['fwmark-service', 'required', 'f'],
  ['scheduler', 'required', 's'],
  ['persistent', 'optional', 'p'],
  ['netmask', 'required', 'M'],
  ['real-server', 'required', 'r'],
  ['masquerading', 'none', 'm'],
  ['ipip', 'none', 'i'],
  ['gatewaying', 'none', 'g'],
  ['weight', 'required', 'w'],
  ['u-threshold', 'required', 'x'],
  ['l-threshold', 'required', 'y'],
  ['numeric', 'none', 'n'],
  ['connection', 'none', 'c'],
  ['mcast-interface', 'required'],
  ['syncid', 'required'],
  ['timeout', 'none'],
  ['daemon', 'none'],
  ['stats', 'none'],
  ['rate', 'none'],
  ['thresholds', 'none'],
  ['persistent-conn', 'none'],
  ['nosort', 'none'],
  ['sort', 'none'],
  ['exact', 'none', 'X'],
  ['ipv6', 'none', '6'],
  ['ops', 'none', 'o'],
  ['pe', 'required'],
  ['sched-flags', 'required', 'b'],
  ['mcast-group', 'required'],
  ['mcast-port', 'required'],
  ['mcast-ttl', 'required'],
  ['sync-maxlen', 'required'],
  ['tun-info', 'none'],
  ['tun-type', 'required'],
  ['tun-port', 'required'],
  ['tun-nocsum', 'none'],
  ['tun-csum', 'none'],
  ['tun-remcsum', 'none'],
  ['mh-size', 'required'],
  ['fullnat', 'none'],
] as const satisfies readonly (readonly [string, OptionSpec<string>['argument'], string?])[];

/** Long names of all options. */
export type OptionName = (typeof OPTION_TABLE)[number][0];

export const OPTIONS: readonly OptionSpec<OptionName>[] = OPTION_TABLE.map(([name, argument, short]) => ({
  name,
  argument,
  ...(short === undefined ? {} : { short }),
}));

interface OptionRules {
  readonly required?: readonly CheckedOption[];
  readonly allowed?: readonly CheckedOption[];
  /** At most one of these. */
  readonly exclusive?: readonly CheckedOption[];
}

const SERVICE_OPTIONS: OptionRules = {
  required: ['service-address'],
  allowed: ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags', 'mh-size'],
};
const SERVER_OPTIONS: OptionRules = {
  required: ['service-address', 'real-server'],
  allowed: [
    ...(['forwarding-method', 'weight', 'u-threshold', 'l-threshold'] as const),
    ...(['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const),
  ],
};

/** What is in none of the lists is illegal with the command. */
export const OPTION_RULES: Readonly<Record<CommandName, OptionRules>> = {
  'add-service': SERVICE_OPTIONS,
  'edit-service': SERVICE_OPTIONS,
  'delete-service': { required: ['service-address'] },
  flush: {},
  list: {
    allowed: [
      ...(['numeric', 'stats', 'rate', 'thresholds', 'persistent-conn'] as const),
      ...(['nosort', 'syncid', 'exact', 'tun-info'] as const),
    ],
    exclusive: ['connection', 'service-address', 'timeout', 'daemon'],
  },
  'add-server': SERVER_OPTIONS,
  'delete-server': { required: ['service-address', 'real-server'] },
  'edit-server': SERVER_OPTIONS,
  set: {},
  'start-daemon': { allowed: ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen'] },
  'stop-daemon': { allowed: ['syncid'] },
  restore: {},
  save: { allowed: ['numeric'] },
  zero: { allowed: ['service-address'] },
};
