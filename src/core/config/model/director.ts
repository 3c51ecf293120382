/** The block xlb: what the options of xlbd say where they are given. */

import type { Address } from '../../model/model.ts';
import { last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';

export type InterfaceMode = 'auto' | 'native' | 'generic';

/** What the file does not say is left out. */
export interface DirectorSettings {
  /** Each name once. Mode undefined: that of `xdpMode`. */
  readonly interfaces: readonly { readonly name: string; readonly mode?: InterfaceMode }[];
  readonly xdpMode?: InterfaceMode;
  /** Sizes, in entries of the maps. */
  readonly connections?: number;
  readonly services?: number;
  readonly realServers?: number;
  readonly scheduleLines?: number;
  readonly metrics?: { readonly host: string; readonly port: number };
  readonly runDir?: string;
  readonly group?: string;
  readonly stateDir?: string;
  readonly bpffs?: string;
  /** Synchronization of connections, beside what lvs_sync_daemon says. */
  readonly sync?: { readonly keyFile?: string; readonly peers: readonly Address[] };
}

export function directorOf(file: File): DirectorSettings {
  const block = last(file.xlb)?.block ?? {};
  const metrics = last(block.metrics)?.value;
  const said = {
    xdpMode: last(block.xdp_mode)?.value,
    connections: last(block.connections)?.value,
    services: last(block.services)?.value,
    realServers: last(block.real_servers)?.value,
    scheduleLines: last(block.schedule_lines)?.value,
    metrics: metrics && { host: metrics.address, port: metrics.port },
    runDir: last(block.run_dir)?.value,
    group: last(block.group)?.value,
    stateDir: last(block.state_dir)?.value,
    bpffs: last(block.bpffs)?.value,
    sync: syncOf(block),
  };
  const interfaces = new Map(
    (block.interface ?? []).map(({ value: { name, mode } }) => [name, mode === null ? { name } : { name, mode }]),
  );
  const known = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  return { interfaces: [...interfaces.values()], ...known };
}

function syncOf({
  sync_key,
  sync_peer,
}: NonNullable<ReturnType<typeof last<NonNullable<File['xlb']>[number]>>>['block']) {
  const keyFile = last(sync_key)?.value;
  const peers = (sync_peer ?? []).map(({ value }) => value);
  if (keyFile === undefined && peers.length === 0) return undefined;
  return { ...(keyFile === undefined ? {} : { keyFile }), peers };
}
