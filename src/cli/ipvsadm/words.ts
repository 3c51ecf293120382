/** What a line of ipvsadm's words says, before anybody asks whether it makes sense. */
import type { Family } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import type { NamedProtocol, Names } from './names.ts';
import type { CheckedOption, CommandName } from './options.ts';

export type ForwardingMethod = 'fullnat' | 'masquerading' | 'ipip' | 'gatewaying';
export type TunnelType = 'ipip' | 'gue' | 'gre';
export const MH_SIZE_DEFAULT = 4093;

/** Fields that no option has set keep ipvsadm's defaults. */
export interface ServiceWords {
  protocol: NamedProtocol | undefined;
  family: Family | undefined;
  address: Address | undefined;
  /** Host order. */
  port: number;
  /** 0: not a service by firewall mark. */
  fwmark: number;
  /** Cut to the kernel's 15 characters; empty: not given. */
  scheduler: string;
  schedulerFlags: readonly string[];
  engine: string;
  /** Seconds; 0: not persistent. */
  persistence: number;
  /** Of IPv4 32 bits in host order, of IPv6 the length of a prefix; undefined: every client by itself. */
  netmask: number | undefined;
  /** Slots of mh's ring, xlb's own `--mh-size`. */
  mhSize: number;
}

export interface ServerWords {
  family: Family | undefined;
  address: Address | undefined;
  /** Host order. */
  port: number;
  method: ForwardingMethod;
  weight: number;
  upperThreshold: number;
  lowerThreshold: number;
  tunnelType: TunnelType;
  /** 0: not given. */
  tunnelPort: number;
}

/** Of the synchronization daemon. Undefined: not given. */
export interface DaemonWords {
  state: 'master' | 'backup';
  interface: string;
  syncId: number;
  maxLength: number | undefined;
  group: Address | undefined;
  port: number | undefined;
  ttl: number | undefined;
}

export interface Words {
  command: CommandName;
  readonly options: Set<CheckedOption>;
  readonly service: ServiceWords;
  readonly server: ServerWords;
  readonly daemon: DaemonWords;
  /** Of --set, in seconds; 0: stays as it is. */
  timeouts: { readonly tcp: number; readonly tcpFin: number; readonly udp: number };
}

/** What an option does. The argument is undefined where the option takes none, or may do without. */
export type Handler = (words: Words, argument: string | undefined, names: Names) => void | Promise<void>;

export function newWords(command: CommandName): Words {
  return {
    command,
    options: new Set(),
    service: {
      protocol: undefined,
      family: undefined,
      address: undefined,
      port: 0,
      fwmark: 0,
      scheduler: '',
      schedulerFlags: [],
      engine: '',
      persistence: 0,
      netmask: undefined,
      mhSize: MH_SIZE_DEFAULT,
    },
    server: {
      family: undefined,
      address: undefined,
      port: 0,
      method: 'gatewaying',
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
      tunnelType: 'ipip',
      tunnelPort: 0,
    },
    daemon: {
      state: 'master',
      interface: '',
      syncId: 0,
      maxLength: undefined,
      group: undefined,
      port: undefined,
      ttl: undefined,
    },
    timeouts: { tcp: 0, tcpFin: 0, udp: 0 },
  };
}
