/** SIGHUP: the configuration file is read again. One that comes during the start counts once xlbd is ready. */
import type { Configuration } from './config/configuration.ts';
import type { DaemonController } from './controller.ts';
import type { Log } from './log.ts';
import type { ServiceManager } from './service-manager.ts';

export interface HangupParts {
  readonly controller: Pick<DaemonController, 'reload'>;
  readonly configuration: Pick<Configuration, 'current'>;
  readonly manager: Pick<ServiceManager, 'reloading' | 'ready'>;
  readonly log: Log;
  /** A sentence for the service manager. */
  readonly summary: () => string;
}

/** From now on the signal does not end the process; it acts with what the function that is returned is given. */
export function followHangup(): (parts: HangupParts) => void {
  let early = false;
  let act = () => {
    early = true;
  };
  process.on('SIGHUP', () => act());
  return (parts) => {
    act = () => void reloadBySignal(parts);
    if (early) act();
  };
}

async function reloadBySignal({ controller, configuration, manager, log, summary }: HangupParts): Promise<void> {
  if (configuration.current === null) {
    log.info({}, 'SIGHUP: no configuration file is in use, nothing to read again');
    return;
  }
  manager.reloading();
  try {
    // What becomes of it is logged where it is done.
    await controller.reload({ dryRun: false, reset: false, user: null });
  } catch (error) {
    log.error({ err: error }, 'the configuration file could not be read again');
  }
  manager.ready(summary());
}
