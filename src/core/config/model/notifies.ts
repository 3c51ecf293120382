/** Programs that run when an instance or a group of them changes. */
import type { Script } from '../forms/scripts.ts';
import { last } from '../keyword.ts';
import type { File, InstanceSettings } from '../keywords/root.ts';
import { firstOf, type Globals } from './globals.ts';

export interface Notifies {
  readonly master: Script | null;
  readonly backup: Script | null;
  readonly fault: Script | null;
  readonly stop: Script | null;
  /** Of an instance only, as `lowerPriority`. */
  readonly deleted: Script | null;
  readonly lowerPriority: Script | null;
  /** On every change. */
  readonly any: Script | null;
  /** The FIFOs tell of changed priorities. */
  readonly priorityChanges: boolean;
}

type GroupSettings = NonNullable<File['vrrp_sync_group']>[number];

export function notifiesOf({ block }: InstanceSettings, globals: Globals): Notifies {
  return {
    ...sharedNotifies(block, globals),
    deleted: (last(block.notify_deleted) ?? last(block.notify_fault))?.value ?? null,
    lowerPriority: last(block.notify_master_rx_lower_pri)?.value ?? null,
  };
}

export function groupNotifiesOf({ block }: GroupSettings, globals: Globals): Notifies {
  return { ...sharedNotifies(block, globals), deleted: null, lowerPriority: null };
}

function sharedNotifies(block: GroupSettings['block'] | InstanceSettings['block'], globals: Globals) {
  return {
    master: last(block.notify_master)?.value ?? null,
    backup: last(block.notify_backup)?.value ?? null,
    fault: last(block.notify_fault)?.value ?? null,
    stop: last(block.notify_stop)?.value ?? null,
    any: last(block.notify)?.value ?? null,
    priorityChanges: firstOf(false, block.notify_priority_changes, globals.vrrp_notify_priority_changes),
  };
}
