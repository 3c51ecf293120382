/** What a line of ipvsadm's words says, before anybody asks whether it makes sense. */
import type { Family } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import type { NamedProtocol, Names } from './names.ts';
import type { CheckedOption, CommandName } from './options.ts';

export type ForwardingMethod = 'masquerading' | 'ipip' | 'gatewaying';
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
}

export interface Words {
  command: CommandName;
  readonly options: Set<CheckedOption>;
  readonly service: ServiceWords;
  readonly server: ServerWords;
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
    },
  };
}
