/** What a file without errors means: the last stage, where nothing is optional any more. */
import type { LocalAddressSpec } from '../../model/command.ts';
import type { MarkRuleSpec } from '../../model/mark-rule.ts';
import { last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import { type DirectorSettings, directorOf } from './director.ts';
import { type Fifos, fifosOf } from './fifos.ts';
import { type Globals, globalsOf } from './globals.ts';
import { buildInstance, type Instance } from './instance.ts';
import { type LinkDelays, linkDelaysOf, type Pace, pacesOf } from './links.ts';
import { localAddressesOf } from './local-addresses.ts';
import { alertsOf, type Mail, mailOf } from './mail.ts';
import { marksOf } from './marks.ts';
import { groupNotifiesOf, type Notifies } from './notifies.ts';
import { type Programs, programsOf } from './programs.ts';
import { buildScript, type TrackedScript } from './script.ts';
import { buildService, type Service, serviceKeysOf } from './service.ts';
import { type Statics, staticsOf } from './statics.ts';
import { type SyncRoles, syncRolesOf } from './sync.ts';
import { buildFile, buildProcess, type TrackedFile, type TrackedProcess } from './tracked.ts';
import { type Tracks, tracksOf, valuesOf } from './tracks.ts';

export interface SyncGroup {
  readonly name: string;
  readonly members: readonly string[];
  readonly usesWeights: boolean;
  readonly tracks: Omit<Tracks, 'virtualServers'>;
  readonly notifies: Notifies;
  readonly smtpAlert: boolean;
}

export interface ConfigModel {
  readonly instances: readonly Instance[];
  readonly groups: readonly SyncGroup[];
  readonly scripts: readonly TrackedScript[];
  readonly processes: readonly TrackedProcess[];
  readonly files: readonly TrackedFile[];
  readonly services: readonly Service[];
  readonly statics: Statics;
  readonly linkDelays: readonly LinkDelays[];
  readonly paces: readonly Pace[];
  readonly marks: readonly MarkRuleSpec[];
  readonly localAddresses: readonly LocalAddressSpec[];
  readonly fifos: Fifos;
  readonly mail: Mail | null;
  readonly programs: Programs;
  /** Seconds; what is not said stays as it is. */
  readonly timeouts: { readonly tcp?: number; readonly tcpFin?: number; readonly udp?: number };
  /** At the start nothing stays of what commands made. */
  readonly flush: boolean;
  readonly director: DirectorSettings;
  /** null: the file leaves the synchronization daemons to commands. */
  readonly sync: SyncRoles | null;
}

export function buildModel(file: File): ConfigModel {
  const globals = globalsOf(file);
  const { tcp, tcpfin, udp } = last(globals.lvs_timeouts)?.value ?? {};
  return {
    instances: (file.vrrp_instance ?? []).map((setting) => buildInstance(setting, file, globals)),
    groups: (file.vrrp_sync_group ?? []).map((setting) => buildGroup(setting, globals)),
    scripts: (file.vrrp_script ?? []).map((setting) => buildScript(setting, globals)),
    processes: (file.vrrp_track_process ?? []).map(buildProcess),
    files: [...(file.track_file ?? []), ...(file.vrrp_track_file ?? [])].map(buildFile),
    services: (file.virtual_server ?? []).map((setting) => buildService(setting, file)),
    statics: staticsOf(file, globals),
    linkDelays: linkDelaysOf(file),
    paces: pacesOf(file),
    marks: marksOf(file),
    localAddresses: localAddressesOf(file, (setting) => serviceKeysOf(setting, file)),
    fifos: fifosOf(globals),
    mail: mailOf(globals),
    programs: programsOf(globals),
    timeouts: {
      ...(tcp === undefined ? {} : { tcp }),
      ...(tcpfin === undefined ? {} : { tcpFin: tcpfin }),
      ...(udp === undefined ? {} : { udp }),
    },
    flush: globals.lvs_flush !== undefined,
    director: directorOf(file),
    sync: syncRolesOf(file, globals),
  };
}

type GroupSettings = NonNullable<File['vrrp_sync_group']>[number];

function buildGroup(setting: GroupSettings, globals: Globals): SyncGroup {
  const { value: name, block } = setting;
  return {
    name,
    members: valuesOf(block.group),
    usesWeights: block.sync_group_tracking_weight !== undefined,
    tracks: tracksOf(block),
    notifies: groupNotifiesOf(setting, globals),
    smtpAlert: alertsOf(block, globals),
  };
}
