/** The synchronization daemons of ipvsadm's --start-daemon: kept and listed; nothing is sent or received yet. */
import { addressFamily, addressWords, parseAddress } from './address.ts';
import { checkAddress, checkChoice, checkInteger, checkText, fault, show } from './check.ts';
import type { CommandError, SyncDaemonSpec, SyncDaemonSpecs } from './command.ts';
import type { Address, Model, SyncDaemon, SyncState } from './model.ts';

export const NO_SYNC_DAEMONS: Model['syncDaemons'] = { master: null, backup: null };

/** Of an interface's name. */
const MAX_NAME = 15;
const DEFAULT_GROUP = '224.0.0.81' as Address;
const DEFAULT_PORT = 8848;
const MTU = 1500;
const MAX_PACKET = 65535;
const UDP_HEADER = 8;
const IP_HEADER = { 4: 20, 6: 40 };
/** The least that a backup's buffer may hold. */
const MIN_BACKUP_LENGTH = 1024;

export function startSyncDaemon(
  daemons: Model['syncDaemons'],
  state: SyncState,
  spec: SyncDaemonSpec,
): Model['syncDaemons'] | CommandError {
  const error = checkChoice('state', state, ['master', 'backup']);
  if (error !== null) return error;
  const daemon = makeSyncDaemon(state, spec);
  if ('code' in daemon) return daemon;
  if (daemons[state] !== null) return fault('sync-running', 'state', `the ${state} daemon runs already`);
  return { ...daemons, [state]: daemon };
}

export function setSyncDaemons({ master, backup }: SyncDaemonSpecs): Model['syncDaemons'] | CommandError {
  const started = master === null ? NO_SYNC_DAEMONS : startSyncDaemon(NO_SYNC_DAEMONS, 'master', master);
  if ('code' in started || backup === null) return started;
  return startSyncDaemon(started, 'backup', backup);
}

export function stopSyncDaemon(daemons: Model['syncDaemons'], state: SyncState): Model['syncDaemons'] | CommandError {
  const error = checkChoice('state', state, ['master', 'backup']);
  if (error !== null) return error;
  if (daemons[state] === null) return fault('no-sync', 'state', `no ${state} daemon runs`);
  return { ...daemons, [state]: null };
}

export function checkSyncDaemon(daemon: SyncDaemon): CommandError | null {
  return (
    checkText('interface', daemon.interface) ??
    checkName(daemon.interface) ??
    checkInteger('syncId', daemon.syncId, 0, 255) ??
    checkAddress('group', daemon.group) ??
    checkMulticast(daemon.group) ??
    checkInteger('maxLength', daemon.maxLength, 1, MAX_PACKET) ??
    checkInteger('port', daemon.port, 1, 65535) ??
    checkInteger('ttl', daemon.ttl, 1, 255)
  );
}

export function sameSyncDaemon(a: SyncDaemon, b: SyncDaemon): boolean {
  const fields = ['interface', 'syncId', 'maxLength', 'group', 'port', 'ttl'] as const;
  return fields.every((field) => a[field] === b[field]);
}

/** Lengths as IPVS makes them fit (start_sync_thread). */
function makeSyncDaemon(state: SyncState, spec: SyncDaemonSpec): SyncDaemon | CommandError {
  const { syncId = 0, group = DEFAULT_GROUP, port = DEFAULT_PORT, ttl = 1 } = spec;
  const canonical = parseAddress(group) ?? group;
  const daemon = { interface: spec.interface, syncId, group: canonical, port, ttl };
  const error = checkSyncDaemon({ ...daemon, maxLength: spec.maxLength ?? 1 });
  if (error !== null) return error;
  const headers = IP_HEADER[addressFamily(canonical)] + UDP_HEADER;
  const least = state === 'backup' ? MIN_BACKUP_LENGTH : 1;
  const asked = spec.maxLength ?? MTU - headers;
  return { ...daemon, maxLength: Math.min(Math.max(asked, least), MAX_PACKET - headers) };
}

function checkName(name: string): CommandError | null {
  if (name !== '' && name.length <= MAX_NAME) return null;
  return fault('invalid', 'interface', `found ${show(name)}, expected the name of an interface`);
}

function checkMulticast(group: Address): CommandError | null {
  const first = addressWords(parseAddress(group)!)[0];
  const isMulticast = addressFamily(group) === 4 ? first >>> 28 === 0xe : first >>> 24 === 0xff;
  return isMulticast ? null : fault('invalid', 'group', `found ${show(group)}, expected a multicast address`);
}
