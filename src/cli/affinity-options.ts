/** The options that say which packets belong together: persistence and one-packet scheduling. */
import { type Command, InvalidArgumentError } from 'commander';
import { addressFromWords, parseAddress } from '../core/model/address.ts';
import { MAX_TIMEOUT } from '../core/model/check-affinity.ts';
import type { ServiceSpec } from '../core/model/command.ts';
import type { Address, Persistence, ServiceKey } from '../core/model/model.ts';
import { prefixMask } from '../core/model/netmask.ts';
import { serviceFamily } from '../core/model/service-key.ts';
import { numberArgument, UsageError } from './usage.ts';

export interface AffinityWords {
  /** Seconds; true: the default; false: `--no-persistent`. */
  readonly persistent?: number | boolean;
  /** A mask, or the length of a prefix. */
  readonly netmask?: Address | number;
  readonly onePacket?: boolean;
}

type Affinity = Pick<ServiceSpec, 'persistence' | 'onePacket'>;

export function withAffinity(command: Command): Command {
  return command
    .option(
      '-p, --persistent [seconds]',
      'a client keeps its real server until so long after its last connection (360 where left out)',
      numberArgument(1, MAX_TIMEOUT),
    )
    .option('--netmask <mask>', 'persistent: which bits tell clients apart, like 255.255.255.0 or 24', netmaskArgument)
    .option('--one-packet', 'udp: every packet is scheduled by itself');
}

function netmaskArgument(text: string): Address | number {
  const mask = /^\d{1,3}$/.test(text) ? Number(text) : parseAddress(text);
  if (mask === null) throw new InvalidArgumentError('Expected a mask like 255.255.255.0, or a prefix like 24.');
  return mask;
}

/** What was said, over what there is; `persistence` null: none yet. */
export function affinityOf(key: ServiceKey, words: AffinityWords, persistence: Persistence | null): Affinity {
  const { persistent, netmask, onePacket } = words;
  const isWanted = persistent !== false && (persistent !== undefined || persistence !== null);
  if (netmask !== undefined && !isWanted) {
    throw new UsageError('found --netmask without persistence, expected it with --persistent');
  }
  const said = {
    ...(typeof persistent === 'number' && { timeout: persistent }),
    ...(netmask !== undefined && { netmask: maskOf(key, netmask) }),
  };
  return {
    persistence: isWanted ? { ...persistence, ...said } : null,
    ...(onePacket !== undefined && { onePacket }),
  };
}

function maskOf(key: ServiceKey, mask: Address | number): Address {
  if (typeof mask !== 'number') return mask;
  const bits = serviceFamily(key) === 4 ? 32 : 128;
  if (mask < 1 || mask > bits) throw new UsageError(`found --netmask ${mask}, expected a prefix of 1 to ${bits} bits`);
  return bits === 128 ? prefixMask(mask) : addressFromWords(4, [(0xffffffff << (32 - mask)) >>> 0, 0, 0, 0]);
}
