// Why an operation on a map fails, in words that say what to do.

import type { Capability } from './capabilities.ts';
import type { FailureContext } from './error.ts';
import type { MapFacts } from './native-map.ts';

const NETWORK_TYPES = /^(devmap|xskmap|sockmap|sockhash)/;

/** `doing` without the map's name: "read". */
export function mapFailure(
  name: string,
  doing: string,
  syscall: string,
  advice: FailureContext['advice'] = {},
): FailureContext {
  return { doing: `${doing} map ${name}`, syscall, advice };
}

/** For a new map: some types are for networks. */
export function createFailure(name: string, type: string): FailureContext {
  const needs: Capability[] = NETWORK_TYPES.test(type) ? ['CAP_BPF', 'CAP_NET_ADMIN'] : ['CAP_BPF'];
  return { doing: `create map ${name}`, syscall: 'bpf(BPF_MAP_CREATE)', needs };
}

/** For writes of one or many entries. */
export function updateFailure(name: string, facts: MapFacts, doing: string, syscall: string): FailureContext {
  const { type, maxEntries } = facts;
  const value = descriptorValue(type);
  return mapFailure(name, doing, syscall, {
    E2BIG: type.includes('hash') ? `it is full with ${maxEntries} entries` : `it has only ${maxEntries} entries`,
    ENOENT: 'there is no such key',
    EEXIST: 'the key is there already',
    EPERM: 'it is frozen or read-only',
    ...(value && { EINVAL: value, EBADF: value }),
  });
}

// Types whose values stand for something else, which must be there and fit.
function descriptorValue(type: string): string | undefined {
  if (type.endsWith('_of_maps')) {
    return 'its values are descriptors (map.fd) of maps like the inner map that it was made with, and this is none';
  }
  if (type === 'prog_array') {
    return 'its values are descriptors (program.fd) of programs of the type that uses it, and this is none';
  }
  if (type.startsWith('devmap')) {
    return 'its values name interfaces of this network namespace by index, and this names none (or its program does not fit)';
  }
  return undefined;
}
