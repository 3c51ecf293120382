/**
 * What ipvsadm has and xlb does not have yet. Asked only after ipvsadm's own
 * checks, so that a mistake is told as ipvsadm tells it.
 */
import type { CommandName } from './options.ts';
import { DEFAULT_SCHEDULER } from './schedulers.ts';
import type { ServerWords, ServiceWords, Words } from './words.ts';

const COMMANDS: Partial<Readonly<Record<CommandName, string>>> = {
  set: 'timeouts (--set)',
  'start-daemon': 'the synchronization daemon (--start-daemon)',
};

/** Commands that say what a service is like. */
const SERVICE_COMMANDS: readonly CommandName[] = ['add-service', 'edit-service'];
/** Commands that say what a real server is like. */
const SERVER_COMMANDS: readonly CommandName[] = ['add-server', 'edit-server'];

/** What cannot be done at all, whatever the table holds: the command, or the kind of service. */
export function unsupportedCommand({ command, service }: Words): string | undefined {
  if (service.fwmark !== 0) return 'services by firewall mark (-f)';
  if (service.protocol === 'sctp') return 'SCTP (--sctp-service)';
  return COMMANDS[command];
}

/** What a service or a real server cannot be, where the kernel would have no objection; the first of several. */
export function unsupportedProperty(words: Words): string | undefined {
  if (SERVICE_COMMANDS.includes(words.command)) return ofService(words);
  return SERVER_COMMANDS.includes(words.command) ? ofServer(words.server) : undefined;
}

function ofService({ service, options }: Words): string | undefined {
  if (options.has('persistent')) return 'persistence (-p)';
  if (options.has('ops')) return 'one-packet scheduling (-o)';
  if (options.has('pe')) return 'persistence engines (--pe)';
  return ofScheduler(service, options.has('scheduler'));
}

function ofScheduler({ scheduler, schedulerFlags }: ServiceWords, isNamed: boolean): string | undefined {
  const isDefault = scheduler === DEFAULT_SCHEDULER && !isNamed;
  if (isDefault) return `scheduler ${scheduler}, the default without -s (use -s rr|wrr|mh)`;
  if (!isSupportedScheduler(scheduler)) return `scheduler ${scheduler} (use -s rr|wrr|mh)`;
  const flag = schedulerFlags.find((name) => scheduler !== 'mh' || name === 'flag-3');
  return flag && `flag ${flag} of scheduler ${scheduler} (-b)`;
}

function ofServer({ method, tunnelType }: ServerWords): string | undefined {
  if (method === 'masquerading') return 'masquerading (-m)';
  return tunnelType === 'ipip' ? undefined : `tunnel type ${tunnelType} (--tun-type)`;
}

export function isSupportedScheduler(name: string): name is 'rr' | 'wrr' | 'mh' {
  return name === 'rr' || name === 'wrr' || name === 'mh';
}
