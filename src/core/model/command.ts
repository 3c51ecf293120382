/**
 * Commands: everything that a user can ask to change. A command is validated
 * data (the API's schemas make it); `applyCommand` turns a Model and a command
 * into a new Model or a CommandError, and never changes anything in place.
 */
import type { LimitsSpec } from './limits.ts';
import type { MarkRuleSpec, MarkSelectorSpec } from './mark-rule.ts';
import type {
  Address,
  AdminState,
  Encapsulation,
  Method,
  Persistence,
  PersistenceEngine,
  SchedulerName,
  SchedulerOptions,
  ServerKey,
  ServiceKey,
  SyncDaemon,
  SyncState,
  Timeouts,
  TunnelSettings,
} from './model.ts';
import type { Sysctls } from './sysctls.ts';

/** What `server add` and `server edit` say; what is left out takes ipvsadm's default, on edit too. */
export interface ServerSpec extends ServerKey {
  readonly method?: Method | undefined; // dr
  readonly encapsulation?: Encapsulation | undefined; // IP in IP
  readonly weight?: number | undefined; // 1
  readonly upperThreshold?: number | undefined; // 0
  readonly lowerThreshold?: number | undefined; // 0
}

export type ServiceSpec = ServiceKey & {
  readonly scheduler?: SchedulerName | undefined; // wlc in ipvsadm; xlb's own verbs: mh
  readonly options?: Partial<SchedulerOptions> | undefined;
  readonly persistence?: Partial<Persistence> | null | undefined; // null; what is left out of it: 360 s, all ones
  readonly onePacket?: boolean | undefined; // false
  readonly engine?: PersistenceEngine | null | undefined; // null
  /** ipvsadm does not know them: left out of an edit they stay. */
  readonly limits?: LimitsSpec | null | undefined; // null
  readonly toa?: boolean | undefined; // false
};

/** What is left out takes IPVS's default. */
export type SyncDaemonSpec = Pick<SyncDaemon, 'interface'> & {
  readonly syncId?: number | undefined; // 0
  readonly maxLength?: number | undefined; // what fits into 1500 bytes
  readonly group?: Address | undefined; // 224.0.0.81
  readonly port?: number | undefined; // 8848
  readonly ttl?: number | undefined; // 1
};

export interface LocalAddressSpec {
  readonly address: Address;
  readonly service?: ServiceKey | null | undefined; // null
  readonly firstPort?: number | undefined; // 1024
  readonly lastPort?: number | undefined; // 65535
}

export type SyncDaemonSpecs = Readonly<Record<SyncState, SyncDaemonSpec | null>>;

export type Command =
  | { readonly type: 'service.add'; readonly service: ServiceSpec }
  | { readonly type: 'service.edit'; readonly service: ServiceSpec }
  | { readonly type: 'service.delete'; readonly service: ServiceKey }
  | { readonly type: 'server.add'; readonly service: ServiceKey; readonly server: ServerSpec }
  | { readonly type: 'server.edit'; readonly service: ServiceKey; readonly server: ServerSpec }
  | { readonly type: 'server.delete'; readonly service: ServiceKey; readonly server: ServerKey }
  | {
      readonly type: 'server.drain';
      readonly service: ServiceKey;
      readonly server: ServerKey;
      readonly admin: AdminState | null;
    }
  | { readonly type: 'tunnel.set'; readonly tunnel: Partial<TunnelSettings> }
  /** What is left out stays. */
  | { readonly type: 'timeouts.set'; readonly timeouts: Partial<Timeouts> }
  | { readonly type: 'sync.start'; readonly state: SyncState; readonly daemon: SyncDaemonSpec }
  /** Both as they are to be, whatever ran before. */
  | { readonly type: 'sync.set'; readonly daemons: SyncDaemonSpecs }
  | { readonly type: 'sync.stop'; readonly state: SyncState }
  | { readonly type: 'sysctl.set'; readonly values: Partial<Sysctls> }
  | { readonly type: 'local.add'; readonly local: LocalAddressSpec }
  | { readonly type: 'local.delete'; readonly local: LocalAddressSpec }
  /** All of them as they are to be. */
  | { readonly type: 'local.set'; readonly addresses: readonly LocalAddressSpec[] }
  | { readonly type: 'mark.add'; readonly rule: MarkRuleSpec }
  | { readonly type: 'mark.delete'; readonly rule: MarkSelectorSpec }
  /** The whole list, as it is to be. */
  | { readonly type: 'mark.set'; readonly rules: readonly MarkRuleSpec[] }
  /** Services alone: settings and mark rules stay. */
  | { readonly type: 'clear' }
  /**
   * Replaces the whole list of services; servers keep their identity (connections,
   * override, last weight) where their keys are the same. Servers in the order in
   * which they would be added, so the last one becomes the head of the list.
   */
  | {
      readonly type: 'replace';
      readonly services: readonly (ServiceSpec & { readonly servers: readonly ServerSpec[] })[];
    };

export type CommandErrorCode =
  | 'service-exists'
  | 'no-such-service'
  | 'server-exists'
  | 'no-such-server'
  | 'address-not-unicast' // of a new real server: EINVAL in IPVS
  | 'threshold-range' // lower above upper: ERANGE in IPVS
  | 'local-address-exists'
  | 'no-such-local-address'
  | 'mark-exists'
  | 'no-such-mark'
  | 'mark-ambiguous' // two rules with other marks, neither of which is narrower
  | 'sync-running'
  | 'no-sync'
  | 'not-supported' // a word that xlb knows and does not do yet
  | 'invalid'; // a value outside its range, a family or method that cannot be: message says where, what was found, what was expected

/** Returned, not thrown, by the pure core. */
export interface CommandError {
  readonly code: CommandErrorCode;
  /** What was found and what was expected, for a person. */
  readonly message: string;
  /** Path of the fault inside the command, like `server.weight`; empty: the command as a whole. */
  readonly path: string;
}
