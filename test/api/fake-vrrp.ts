/** VRRP instances as a daemon may report them. */
import type { VrrpInstance } from '../../src/api/protocol/vrrp.ts';
import type { Address } from '../../src/core/model/model.ts';
import { NOW } from './now.ts';

const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const address = (text: string) => text as Address;

export const MASTER: VrrpInstance = {
  name: 'VI_1',
  vrid: 51,
  version: 2,
  interface: 'eth0',
  source: address('10.0.0.1'),
  group: null,
  state: 'MASTER',
  since: ago(12 * 86400),
  reason: 'no advertisement of the master in time',
  faults: [],
  priority: { base: 150, effective: 150 },
  interval_s: 1,
  trackers: [{ kind: 'interface', name: 'eth0', status: 'up', weight: 0, adds: 0 }],
  addresses: [address('203.0.113.10'), address('203.0.113.11')],
  master: null,
  peers: [],
  refused: {},
  transitions: [
    {
      time: ago(12 * 86400),
      from: 'BACKUP',
      to: 'MASTER',
      priority: 150,
      cause: 'no advertisement of the master in time',
    },
  ],
};

export const BACKUP: VrrpInstance = {
  ...MASTER,
  name: 'VI_2',
  vrid: 52,
  state: 'BACKUP',
  priority: { base: 100, effective: 90 },
  trackers: [{ kind: 'script', name: 'chk_dns', status: 'down', weight: -10, adds: -10 }],
  addresses: [address('203.0.113.20')],
  master: { address: address('10.0.0.2'), priority: 120 },
  peers: [
    { address: address('10.0.0.2'), priority: 120, heard_at: ago(0.6) },
    { address: address('10.0.0.9'), priority: 7, heard_at: ago(300) },
  ],
  refused: { password: 3 },
};

export const FAULT: VrrpInstance = {
  ...MASTER,
  name: 'VI_3',
  vrid: 53,
  state: 'FAULT',
  faults: ['interface eth1'],
  addresses: [],
  transitions: [{ time: ago(4), from: 'BACKUP', to: 'FAULT', priority: 150, cause: 'interface eth1 is down' }],
};
