/** Forms and keywords that stand in more than one block. */

import type { Form } from '../form.ts';
import { integer, seconds } from '../forms/numbers.ts';
import { script } from '../forms/scripts.ts';
import { track } from '../forms/tracks.ts';
import { optionalBool } from '../forms/words.ts';
import { keyword, list } from '../keyword.ts';

export const GARP_SECONDS = integer(0, 1000, 'SECONDS');
export const GARP_REPEAT = integer(1, 60);

/** VRRP has two. */
export const vrrpVersion: Form<2 | 3> = {
  ...(integer(2, 3) as Form<2 | 3>),
  syntax: '2\\|3',
};

/** Of what runs again and again. */
export const interval = seconds(0.000001, 4294);

/** What an instance or a group of them follows. */
export const TRACKS = {
  track_interface: list(
    track('INTERFACE'),
    'Interfaces that must be up: without a weight FAULT, with one another priority.',
    { names: true },
  ),
  track_script: list(track('SCRIPT'), 'Scripts of vrrp_script that must succeed.', { names: true }),
  track_file: list(track('FILE', 254), 'Files of track_file whose number is added to the priority.', { names: true }),
  track_process: list(track('PROCESS', 254), 'Processes of vrrp_track_process that must run.', { names: true }),
  track_bfd: list(track('BFD'), 'Sessions of bfd_instance that must be up.', { names: true }),
};

/** What runs on changes of an instance or a group of them. */
export const NOTIFIES = {
  notify_master: keyword(script, 'Runs on becoming MASTER.'),
  notify_backup: keyword(script, 'Runs on becoming BACKUP.'),
  notify_fault: keyword(script, 'Runs on FAULT.'),
  notify_stop: keyword(script, 'Runs when xlbd stops.'),
  notify: keyword(script, 'Runs on every change, with `INSTANCE|GROUP`, name, state and priority.'.replace('|', '\\|')),
  notify_priority_changes: keyword(
    optionalBool,
    'The FIFOs tell of changed priorities, too: `MASTER_PRIORITY`, `BACKUP_PRIORITY`.',
  ),
  smtp_alert: keyword(optionalBool, 'Mails about changes.'),
};
