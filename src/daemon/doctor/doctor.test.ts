import { expect, test } from 'vitest';
import { HEALTHY, SPLIT_BRAIN } from '../../../test/api/fake-doctor.ts';
import { BACKUP, FAULT, MASTER } from '../../../test/api/fake-vrrp.ts';
import { applyCommands, emptyModel } from '../../core/model/apply-command.ts';
import type { Address, Encapsulation, Method } from '../../core/model/model.ts';
import type { Resolution } from '../../net/resolution.ts';
import { diagnose } from './doctor.ts';
import type { DoctorFacts } from './facts.ts';

const findings = (facts: Partial<DoctorFacts>) =>
  diagnose({ ...HEALTHY, ...facts })
    .checks.filter(({ state }) => state !== 'ok')
    .map(({ state, id, subject }) => `${state} ${id} ${subject}`)
    .filter((text) => text !== 'skip services services');
const sysctls = (values: Record<string, string>) => ({ sysctl: (path: string) => values[path] ?? '0' });
const lately = (address: string, priority: number) => ({
  ...{ address: address as Address, priority, heard_at: '2026-11-23T19:50:01.000Z' },
});
const [eth0] = HEALTHY.interfaces;
const GUE: Encapsulation = { type: 'gue', port: 6080, checksum: 'none' };
const PEER = { name: 'veth1', leavesChecksums: true };

/** One service at 203.0.113.10:80 with one real server. */
function modelWith(method: Method, encapsulation?: Encapsulation): DoctorFacts['model'] {
  const key = { protocol: 'tcp', address: '203.0.113.10' as Address, port: 80 } as const;
  const server = { address: '10.0.0.11' as Address, port: 80, method, encapsulation };
  const applied = applyCommands(emptyModel, [
    { type: 'service.add', service: key },
    { type: 'server.add', service: key, server },
  ]);
  if ('error' in applied) throw new Error(applied.error.message);
  return applied.model;
}

const wayOf = (mtu: number): Resolution => ({
  ...{ state: 'resolved', ifindex: 2, interfaceName: 'eth0', mac: new Uint8Array(6), gateway: '10.0.0.11' as Address },
  ...{ mtu, source: { ok: true, address: '10.0.0.1' as Address }, vlan: { mode: 'keep' }, neighbour: 'reachable' },
  problem: null,
});

test('a director that is well', () => {
  expect(diagnose(HEALTHY)).toMatchObject({ ok: 5, warnings: 0, failed: 0, skipped: 1 });
});

test('one of two that hold the same address', () => {
  expect(findings(SPLIT_BRAIN)).toEqual([
    'warn next-hop-unresolved 203.0.113.10:443/tcp > 10.0.0.13:443',
    'fail vip-two-holders 203.0.113.10',
  ]);
});

test.each<[string, Partial<DoctorFacts>, string[]]>([
  [
    'a MASTER hears another',
    { instances: [{ ...MASTER, peers: [lately('10.0.0.2', 90)] }] },
    ['fail two-masters VI_1'],
  ],
  [
    'it heard one that gave up, or before',
    { instances: [{ ...MASTER, since: '2026-11-23T19:50:01.500Z', peers: [lately('10.0.0.2', 90)] }] },
    [],
  ],
  ['its own advertisement came back', { instances: [{ ...MASTER, peers: [lately('10.0.0.1', 90)] }] }, []],
  [
    'it refuses what it hears',
    { instances: [{ ...MASTER, peers: [lately('10.0.0.2', 90)], refused: { password: 3 } }] },
    ['fail two-masters VI_1', 'fail adverts-refused VI_1'],
  ],
  ['what a BACKUP refused long ago', { instances: [BACKUP], vips: [] }, []],
  [
    'what it refuses now',
    { instances: [{ ...BACKUP, peers: [...BACKUP.peers, lately('10.0.0.9', 7)] }], vips: [] },
    ['warn adverts-refused VI_2'],
  ],
  ['FAULT', { instances: [FAULT], vips: [] }, ['fail vrrp-fault VI_3']],
  ['INIT', { instances: [{ ...MASTER, state: 'INIT' }], vips: [] }, ['warn vrrp-init VI_1']],
  ['one queue for 8 CPUs', { interfaces: [{ ...eth0!, queues: 1 }] }, ['warn one-queue eth0']],
  ['one queue of a device without a driver', { interfaces: [{ ...eth0!, queues: 1, driver: null }] }, []],
  ['one queue for one CPU', { interfaces: [{ ...eth0!, queues: 1 }], cpus: 1 }, []],
  ['dr needs no setting', { model: modelWith('dr'), ...sysctls({ 'net/ipv4/conf/all/rp_filter': '1' }) }, []],
  ['nat without forwarding', { model: modelWith('nat'), ...sysctls({}) }, ['warn no-forwarding net.ipv4.ip_forward']],
  [
    'nat with a strict interface',
    { model: modelWith('nat'), ...sysctls({ 'net/ipv4/ip_forward': '1', 'net/ipv4/conf/eth0/rp_filter': '1' }) },
    ['warn strict-rp-filter eth0'],
  ],
  [
    'nat with one that is loose, and all strict: the larger one holds',
    {
      model: modelWith('nat'),
      ...sysctls({
        ...{ 'net/ipv4/ip_forward': '1', 'net/ipv4/conf/eth0/rp_filter': '2' },
        'net/ipv4/conf/all/rp_filter': '1',
      }),
    },
    [],
  ],
  [
    'a virtual MAC that hears nothing',
    { virtualMacs: ['VI_1'], ...sysctls({ 'net/ipv4/conf/all/rp_filter': '1' }) },
    ['fail rp-filter-vmac VI_1'],
  ],
  ['a tunnel with room', { model: modelWith('tun'), resolution: () => wayOf(1520) }, []],
  [
    'a tunnel without',
    { model: modelWith('tun'), resolution: () => wayOf(1519) },
    ['warn tunnel-mtu 203.0.113.10:80/tcp > 10.0.0.11:80'],
  ],
  ['a tunnel by GUE with room', { model: modelWith('tun', GUE), resolution: () => wayOf(1532) }, []],
  [
    'a tunnel by GUE without',
    { model: modelWith('tun', GUE), resolution: () => wayOf(1531) },
    ['warn tunnel-mtu 203.0.113.10:80/tcp > 10.0.0.11:80'],
  ],
  [
    'a veth whose other end makes its checksums',
    { interfaces: [{ ...eth0!, otherEnd: { ...PEER, leavesChecksums: false } }] },
    [],
  ],
  ['one whose other end leaves them', { interfaces: [{ ...eth0!, otherEnd: PEER }] }, ['warn veth-checksums eth0']],
  [
    'one whose other end is out of sight',
    { interfaces: [{ ...eth0!, otherEnd: { name: null, leavesChecksums: false } }] },
    ['skip veth-checksums eth0'],
  ],
  ['a tunnel to nowhere, which is a problem of its own', { model: modelWith('tun') }, []],
])('%s', (_, facts, expected) => {
  expect(findings(facts)).toEqual(expected);
});
