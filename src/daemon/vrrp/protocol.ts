/** What goes between the main thread and the VRRP thread: plain data. */
import type { Phase } from '../../core/vrrp/state.ts';
import type { TrackStatus } from '../../core/vrrp/tracking.ts';
import type { InstanceReport } from './report.ts';
import type { VrrpSettings } from './settings.ts';

/** To the VRRP thread. */
export type Order =
  /** All of it, also after a reload. `statuses`: of what the main thread watches, by the tracker's key. */
  | { readonly type: 'configure'; readonly settings: VrrpSettings; readonly statuses: readonly TrackNews[] }
  | { readonly type: 'track'; readonly news: TrackNews }
  | { readonly type: 'report'; readonly id: number }
  /** Gives up whatever it is MASTER of, and ends. */
  | { readonly type: 'stop' };

export interface TrackNews {
  readonly key: string;
  readonly status: TrackStatus;
}

export type NotifiedState = Phase | 'STOP' | 'DELETED';

/** Something happened that the operator may want to hear of. */
export type Notice =
  | {
      readonly type: 'state';
      readonly kind: 'INSTANCE' | 'GROUP';
      readonly name: string;
      readonly state: NotifiedState;
      /** Effective; 0 of a group. */
      readonly priority: number;
    }
  | { readonly type: 'priority'; readonly name: string; readonly state: Phase; readonly priority: number }
  | { readonly type: 'lower-priority'; readonly name: string; readonly priority: number };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** To the main thread. */
export type News =
  /** What was configured runs. */
  | { readonly type: 'configured' }
  | { readonly type: 'log'; readonly level: LogLevel; readonly fields: object; readonly message: string }
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'report'; readonly id: number; readonly instances: readonly InstanceReport[] }
  | { readonly type: 'stopped' };
