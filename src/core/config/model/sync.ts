/** lvs_sync_daemon, and its older form within an instance. */
import type { SyncDaemonSpec } from '../../model/command.ts';
import { last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import type { Globals } from './globals.ts';

export interface SyncRoles {
  readonly daemon: SyncDaemonSpec;
  /** While this VRRP instance is MASTER the master daemon runs, else the backup; null: both always do. */
  readonly instance: string | null;
}

/** null: the file leaves the daemons to commands. */
export function syncRolesOf(file: File, globals: Globals): SyncRoles | null {
  const said = last(globals.lvs_sync_daemon)?.value;
  if (said === undefined) return olderForm(file);
  const { inst, id, maxlen, port, ttl, group } = said.options;
  const daemon = {
    interface: said.interface,
    syncId: id ?? vridOf(file, inst),
    ...(maxlen === undefined ? {} : { maxLength: maxlen }),
    ...(port === undefined ? {} : { port }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(group === undefined ? {} : { group }),
  };
  return { daemon, instance: inst ?? null };
}

function olderForm(file: File): SyncRoles | null {
  for (const { value: instance, block } of file.vrrp_instance ?? []) {
    const device = last(block.lvs_sync_daemon_interface)?.value;
    if (device !== undefined) return { daemon: { interface: device, syncId: vridOf(file, instance) }, instance };
  }
  return null;
}

/** keepalived's default; 0 without an instance. */
function vridOf(file: File, instance: string | undefined): number {
  const found = (file.vrrp_instance ?? []).find(({ value }) => value === instance);
  return last(found?.block.virtual_router_id)?.value ?? 0;
}
