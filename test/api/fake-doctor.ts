/** What a director may find when its doctor looks: one that is well, and one of two that hold the same address. */
import type { Address } from '../../src/core/model/model.ts';
import type { DoctorFacts, InterfaceFacts, VipFacts } from '../../src/daemon/doctor/facts.ts';
import { BACKUP, MASTER } from './fake-vrrp.ts';
import { NOW } from './now.ts';

const VIP = '203.0.113.10' as Address;

const ETH0: InterfaceFacts = {
  state: {
    name: 'eth0',
    device: { ifindex: 2, name: 'eth0', mac: Uint8Array.of(2, 0, 0, 0, 0, 1), mtu: 1500, up: true, kind: '' },
    attachment: { ifindex: 2, mode: 'native', fragments: false } as InterfaceFacts['state']['attachment'],
    requested: 'auto',
    problem: null,
  },
  driver: 'ixgbe',
  queues: 8,
  otherEnd: null,
};

/** Held here by the instance VI_1, and asked for. */
export const HELD: VipFacts = {
  address: VIP,
  instance: 'VI_1',
  heldOn: ['eth0'],
  device: 'eth0',
  others: [],
  unasked: null,
};

export const HEALTHY: DoctorFacts = {
  version: '0.1.0',
  problems: [],
  config: '/etc/xlb/xlb.conf',
  model: { services: new Map() },
  interfaces: [ETH0],
  vips: [HELD],
  instances: [MASTER],
  virtualMacs: [],
  cpus: 8,
  now: NOW,
  resolution: () => ({ state: 'unresolved', reason: 'no route', pending: false }),
  sysctl: () => '0',
};

export const SPLIT_BRAIN: DoctorFacts = {
  ...HEALTHY,
  problems: [
    {
      id: 'next-hop-unresolved',
      severity: 'warning',
      subject: '203.0.113.10:443/tcp > 10.0.0.13:443',
      text: '10.0.0.13 does not answer ARP on eth1',
      next: 'ping 10.0.0.13',
    },
  ],
  instances: [MASTER, BACKUP],
  vips: [
    { ...HELD, others: [{ mac: '02:00:00:00:00:02', address: '10.0.0.2', isRealServer: false }] },
    {
      ...HELD,
      address: '203.0.113.20' as Address,
      instance: 'VI_2',
      heldOn: [],
      others: [{ mac: '02:00:00:00:00:02', address: '10.0.0.2', isRealServer: false }],
    },
  ],
};
