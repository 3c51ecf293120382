/** ipvsadm's words for what the kernel refuses. */
import type { CommandErrorCode } from '../../core/model/command.ts';
import type { Refusal } from './backend.ts';
import type { CommandName } from './options.ts';

const ADDRESS_NOT_UNICAST = 'Invalid operation.  Possibly wrong module version, address not unicast, ...';
const UNKNOWN_NAME = 'Scheduler or persistence engine not found';

/** What the kernel finds wrong before the daemon is asked: see `objection.ts`. */
export type ObjectionCode = CommandErrorCode | 'unknown-name';

/** One line for standard error. The status that goes with it is 255. */
export function refusalText(command: CommandName, { code, message, path }: Omit<Refusal, 'index'>): string {
  switch (code) {
    case 'service-exists':
      return 'Service already exists';
    case 'no-such-service':
      return command.endsWith('-server') ? 'Service not defined' : 'No such service';
    case 'server-exists':
      return 'Destination already exists';
    case 'no-such-server':
      return 'No such destination';
    case 'sync-running':
      return 'Daemon has already run';
    case 'no-sync':
      return 'No daemon is running';
    case 'no-such-interface':
      return 'No such device';
    case 'threshold-range':
      return 'Numerical result out of range';
    case 'address-not-unicast':
      return ADDRESS_NOT_UNICAST;
    case 'unknown-name':
      return UNKNOWN_NAME;
    default:
      // The kernel has no words for it: the daemon's sentence says it best.
      return path === '' ? message : `${path}: ${message}`;
  }
}
