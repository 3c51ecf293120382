/** What comes first in a start, and needs little of xlbd itself. */
import { isTranslated } from '../core/model/methods.ts';
import { claimDirectory } from '../dataplane/claim.ts';
import { makeDirectory } from '../dataplane/make-directory.ts';
import { type Dataplane, openDataplane } from '../dataplane/open.ts';
import type { ConfigInUse, Configuration } from './config/configuration.ts';
import type { Disposers } from './disposers.ts';
import type { Log } from './log.ts';
import { runOnce } from './programs/run-once.ts';
import type { DaemonSettings } from './settings.ts';

export interface EarlyOptions {
  /** What the command line comes to with the configuration file. */
  readonly settings: DaemonSettings;
  /** Holds the file in use when the daemon runs. */
  readonly configuration: Configuration;
  /** The file to run, which has been checked; null: none. */
  readonly config: ConfigInUse | null;
  readonly log: Log;
  /** Path of xlb.bpf.o. */
  readonly object: string;
  readonly disposers: Disposers;
}

/** Answers the data plane as it comes: the kernel makes maps and verifies programs in other threads. */
export async function begin(options: EarlyOptions): Promise<{ readonly dataplane: Promise<Dataplane> }> {
  const { settings, configuration, config, log, object, disposers } = options;
  claimRunDirectory(settings.runDir, disposers);
  disposers.add('the shutdown script', () => runOnce('shutdown', configuration.current?.model.programs, log));
  await runOnce('startup', config?.model.programs, log);
  const { bpffs, sizes } = settings;
  const services = [...(config?.share.services.values() ?? [])];
  const translates = services.some(({ servers }) => servers.some(({ method }) => isTranslated(method)));
  const dataplane = openDataplane({ object, bpffs, sizes, translates });
  const opened = dataplane.catch(() => undefined); // what fails is thrown where it is waited for
  disposers.add('the data plane', async () => (await opened)?.[Symbol.dispose]());
  return { dataplane };
}

function claimRunDirectory(runDir: string, disposers: Disposers): void {
  makeDirectory(runDir, 0o755);
  const claim = disposers.use('the run directory', claimDirectory(runDir));
  if (claim.heldBy === undefined) return;
  throw new Error(`another xlbd (process ${claim.heldBy}) works in ${runDir}; give this one its own --run-dir`);
}
