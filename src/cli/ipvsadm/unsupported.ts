/**
 * What ipvsadm has and xlb does not have yet. Asked only after ipvsadm's own
 * checks, so that a mistake is told as ipvsadm tells it.
 */
import { isSchedulerName } from '../../core/model/schedulers.ts';
import type { CommandName } from './options.ts';
import type { ServiceWords, Words } from './words.ts';

/** Commands that say what a service is like. */
const SERVICE_COMMANDS: readonly CommandName[] = ['add-service', 'edit-service'];

/** What a service or a real server cannot be, where the kernel would have no objection; the first of several. */
export function unsupportedProperty(words: Words): string | undefined {
  return SERVICE_COMMANDS.includes(words.command) ? ofScheduler(words.service) : undefined;
}

function ofScheduler({ scheduler, schedulerFlags }: ServiceWords): string | undefined {
  if (!isSchedulerName(scheduler)) return `scheduler ${scheduler} (-s)`;
  return schedulerFlags.includes('flag-3') ? `flag flag-3 of scheduler ${scheduler} (-b)` : undefined;
}
