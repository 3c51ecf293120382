/**
 * What ipvsadm has and xlb does not have yet. Asked only after ipvsadm's own
 * checks, so that a mistake is told as ipvsadm tells it.
 */
import { isSchedulerName } from '../../core/model/schedulers.ts';
import type { CommandName } from './options.ts';
import type { ServerWords, ServiceWords, Words } from './words.ts';

/** Commands that say what a service is like. */
const SERVICE_COMMANDS: readonly CommandName[] = ['add-service', 'edit-service'];
/** Commands that say what a real server is like. */
const SERVER_COMMANDS: readonly CommandName[] = ['add-server', 'edit-server'];

/** What cannot be done at all, whatever the table holds: the command, or the kind of service. */
export function unsupportedCommand({ service }: Words): string | undefined {
  return service.protocol === 'sctp' ? 'SCTP (--sctp-service)' : undefined;
}

/** What a service or a real server cannot be, where the kernel would have no objection; the first of several. */
export function unsupportedProperty(words: Words): string | undefined {
  if (SERVICE_COMMANDS.includes(words.command)) return ofScheduler(words.service);
  return SERVER_COMMANDS.includes(words.command) ? ofServer(words.server) : undefined;
}

function ofScheduler({ scheduler, schedulerFlags }: ServiceWords): string | undefined {
  if (!isSchedulerName(scheduler)) return `scheduler ${scheduler} (-s)`;
  return schedulerFlags.includes('flag-3') ? `flag flag-3 of scheduler ${scheduler} (-b)` : undefined;
}

function ofServer({ method }: ServerWords): string | undefined {
  return method === 'masquerading' ? 'masquerading (-m)' : undefined;
}
