/** Options of the synchronization daemon. */
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

const FIELDS = {
  syncid: 'syncId',
  'mcast-port': 'port',
  'mcast-ttl': 'ttl',
  'sync-maxlen': 'maxLength',
} as const;

export function daemonNumber(name: keyof typeof RANGES): Handler {
  const [min, max] = RANGES[name];
  return ({ daemon }, text = '') => {
    daemon[FIELDS[name]] = parseInteger(text, min, max) ?? fail(`illegal ${name} specified`);
  };
}

/** What does not fit into the kernel's field is cut off. */
export const daemonInterface: Handler = ({ daemon }, text = '') => {
  daemon.interface = text.slice(0, 15);
};

export const daemonGroup: Handler = ({ daemon }, text = '') => {
  checkGroup(text);
  daemon.group = canonicalAddress(text);
};

function checkGroup(text: string): void {
  if (text.includes(':')) {
    if (!/^ff[^:]{2}:/.test(canonicalAddress(text) ?? '')) fail(`invalid IPv6 mcast-group \`${text}'`);
    return;
  }
  const first = isIPv4(text) ? Number.parseInt(text, 10) : 0;
  if (first < 224 || first > 239) fail(`invalid IPv4 mcast-group \`${text}'`);
}
