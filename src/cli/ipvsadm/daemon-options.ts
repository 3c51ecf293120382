/** Options of the synchronization daemon: only their mistakes, as the daemon itself comes later. */
import { isIPv4 } from 'node:net';
import { canonicalAddress } from '../../api/protocol/address.ts';
import { fail } from './exit.ts';
import { parseInteger } from './numbers.ts';
import type { Handler } from './words.ts';

const RANGES = {
  syncid: [0, 255],
  'mcast-port': [1, 65535],
  'mcast-ttl': [1, 255],
  // What fits into a datagram behind the headers of IPv4 and UDP.
  'sync-maxlen': [1, 65507],
} as const;

export function daemonOption(name: keyof typeof RANGES | 'mcast-group'): Handler {
  if (name === 'mcast-group') return (_words, text = '') => checkGroup(text);
  const [min, max] = RANGES[name];
  return (_words, text = '') => {
    if (parseInteger(text, min, max) === undefined) fail(`illegal ${name} specified`);
  };
}

function checkGroup(text: string): void {
  if (text.includes(':')) {
    if (!/^ff[^:]{2}:/.test(canonicalAddress(text) ?? '')) fail(`invalid IPv6 mcast-group \`${text}'`);
    return;
  }
  const first = isIPv4(text) ? Number.parseInt(text, 10) : 0;
  if (first < 224 || first > 239) fail(`invalid IPv4 mcast-group \`${text}'`);
}
