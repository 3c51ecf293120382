/** Named pipes that get a line for each change. */
import type { Script, User } from '../forms/scripts.ts';
import { last, type Setting } from '../keyword.ts';
import type { Globals } from './globals.ts';

export interface Fifo {
  readonly path: string;
  /** Whose it is when xlbd makes it; null: xlbd's own. */
  readonly owner: User | null;
  /** Started as its reader, with the path as one more argument. */
  readonly reader: Script | null;
}

export interface Fifos {
  /** Gets all lines. */
  readonly all: Fifo | null;
  readonly vrrp: Fifo | null;
  /** Lines about virtual and real servers. */
  readonly lvs: Fifo | null;
  /** After a reload every instance and group tells its state again. */
  readonly statesOnReload: boolean;
}

export function fifosOf(globals: Globals): Fifos {
  return {
    all: fifoOf(globals.notify_fifo, globals.notify_fifo_script),
    vrrp: fifoOf(globals.vrrp_notify_fifo, globals.vrrp_notify_fifo_script),
    lvs: fifoOf(globals.lvs_notify_fifo, globals.lvs_notify_fifo_script),
    statesOnReload: globals.fifo_write_vrrp_states_on_reload !== undefined,
  };
}

function fifoOf(pipes: Globals['notify_fifo'], readers: readonly Setting<Script>[] | undefined): Fifo | null {
  const pipe = last(pipes)?.value;
  return pipe === undefined ? null : { path: pipe.path, owner: pipe.as, reader: last(readers)?.value ?? null };
}
