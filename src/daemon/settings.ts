/** What the daemon works with: the command line first, then the configuration file, then defaults. */
import type { DirectorSettings } from '../core/config/model/director.ts';
import type { RequestedMode } from '../dataplane/attach-plan.ts';
import { DEFAULT_SIZES, roundConnections, type Sizes } from '../dataplane/sizes.ts';
import { DEFAULTS, type GivenOptions } from './options.ts';

export interface WantedInterface {
  readonly name: string;
  readonly mode: RequestedMode;
  readonly origin: 'option' | 'file';
}

export interface DaemonSettings {
  /** Each name once. */
  readonly interfaces: readonly WantedInterface[];
  readonly runDir: string;
  readonly bpffs: string;
  readonly stateDir: string;
  readonly metrics: { readonly host: string; readonly port: number } | null;
  readonly sizes: Sizes;
  /** Group that may talk to the socket; undefined: the process's. */
  readonly group: string | undefined;
}

/** Interfaces of both: the command line says otherwise of those that it names itself. */
export function settle(given: GivenOptions, said: DirectorSettings): DaemonSettings {
  const { runDir, stateDir, bpffs, group, metrics, ...sizes } = { ...said, ...given };
  return {
    interfaces: interfacesOf(given, said),
    runDir: runDir ?? DEFAULTS.runDir,
    bpffs: bpffs ?? DEFAULTS.bpffs,
    stateDir: stateDir ?? runDir ?? DEFAULTS.stateDir,
    metrics: metrics ?? null,
    sizes: {
      connections: roundConnections(sizes.connections ?? DEFAULT_SIZES.connections),
      services: sizes.services ?? DEFAULT_SIZES.services,
      realServers: sizes.realServers ?? DEFAULT_SIZES.realServers,
      scheduleLines: sizes.scheduleLines ?? DEFAULT_SIZES.scheduleLines,
      nextHops: DEFAULT_SIZES.nextHops,
    },
    group,
  };
}

/** What of another file takes effect at the next start only, each in the words of the block xlb. */
export function needingRestart(before: DirectorSettings, after: DirectorSettings): string[] {
  const fixed = Object.entries(FIXED) as [keyof typeof FIXED, string][];
  const changed = fixed.filter(([name]) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return changed.map(([, word]) => word);
}

const FIXED = {
  connections: 'connections',
  services: 'services',
  realServers: 'real_servers',
  scheduleLines: 'schedule_lines',
  metrics: 'metrics',
  runDir: 'run_dir',
  group: 'group',
  stateDir: 'state_dir',
  bpffs: 'bpffs',
} as const satisfies Partial<Record<keyof DirectorSettings, string>>;

function interfacesOf(given: GivenOptions, said: DirectorSettings): WantedInterface[] {
  const standard = said.xdpMode ?? 'auto';
  const modes = new Map(said.interfaces.map(({ name, mode = standard }) => [name, mode]));
  const options = given.interfaces.map((name) => ({
    name,
    mode: given.xdpMode ?? modes.get(name) ?? standard,
    origin: 'option' as const,
  }));
  const others = [...modes].filter(([name]) => !given.interfaces.includes(name));
  return [...options, ...others.map(([name, mode]) => ({ name, mode, origin: 'file' as const }))];
}
