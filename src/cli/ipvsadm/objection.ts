/**
 * What the kernel would refuse and the daemon cannot be asked, as it would not
 * understand the words: names that no kernel has, and what xlb does not support
 * yet. A script that adds a service twice shall hear that, whatever the scheduler.
 */
import type { ServerReport } from '../../api/protocol/services.ts';
import { isUnicast } from '../../core/model/address.ts';
import type { IpvsBackend } from './backend.ts';
import { serviceKey } from './command.ts';
import { type ObjectionCode, refusalText } from './errors.ts';
import { KERNEL_ENGINES, KERNEL_SCHEDULERS } from './schedulers.ts';
import type { Words } from './words.ts';

/** Whether the kernel refuses the words whatever the table holds; which of its reasons comes first depends on the table. */
export function kernelRefuses(words: Words): boolean {
  return hasUnknownName(words) || hasBadAddress(words) || hasBadThresholds(words);
}

/** Text for standard error; undefined: the kernel would have done it. */
export async function kernelObjection(words: Words, backend: IpvsBackend): Promise<string | undefined> {
  const code = await objection(words, backend);
  return code && refusalText(words.command, { code, message: '', path: '' });
}

async function objection(words: Words, backend: IpvsBackend): Promise<ObjectionCode | undefined> {
  const name = hasUnknownName(words) ? 'unknown-name' : undefined;
  const [found] = await backend.services(serviceKey(words.service));
  switch (words.command) {
    case 'add-service':
      return found ? 'service-exists' : name;
    case 'edit-service':
      return found ? name : 'no-such-service';
    case 'add-server':
    case 'edit-server':
      return found ? serverObjection(words, found.servers) : 'no-such-service';
    default:
      return undefined;
  }
}

function serverObjection(words: Words, servers: readonly ServerReport[]): ObjectionCode | undefined {
  if (hasBadThresholds(words)) return 'threshold-range';
  const { address, port } = words.server;
  const exists = servers.some((server) => server.address === address && server.port === port);
  if (words.command === 'edit-server') return exists ? undefined : 'no-such-server';
  if (exists) return 'server-exists';
  return hasBadAddress(words) ? 'address-not-unicast' : undefined;
}

/** A scheduler or an engine. */
function hasUnknownName({ command, service: { scheduler, engine } }: Words): boolean {
  if (command !== 'add-service' && command !== 'edit-service') return false;
  return !KERNEL_SCHEDULERS.includes(scheduler) || (engine !== '' && !KERNEL_ENGINES.includes(engine));
}

function hasBadAddress({ command, server: { address } }: Words): boolean {
  return command === 'add-server' && address !== undefined && !isUnicast(address);
}

function hasBadThresholds({ server: { upperThreshold, lowerThreshold } }: Words): boolean {
  return lowerThreshold > upperThreshold;
}
