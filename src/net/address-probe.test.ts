import { NetioError } from 'netio';
import { expect, test } from 'vitest';
import type { Address } from '../core/model/model.ts';
import { gratuitousArp, neighbourAdvertisement } from '../core/vrrp/announcement.ts';
import { type ProbedDevice, type ProbeWorld, probeAddresses } from './address-probe.ts';

const VIP4 = '192.0.2.100' as Address;
const VIP6 = '2001:db8::100' as Address;
const OWN = Uint8Array.of(2, 0, 0, 0, 0, 1);
const OTHER = Uint8Array.of(2, 0, 0, 0, 0, 2);
const VIRTUAL = Uint8Array.of(0, 0, 0x5e, 0, 1, 51);
const DEVICE: ProbedDevice = { device: 'eth0', mac: OWN, linkLocal: 'fe80::1' as Address, addresses: [VIP4, VIP6] };
const OWN_MACS = new Set(['02:00:00:00:00:01', '00:00:5e:00:01:33']);

const reply = (mac: Uint8Array): Uint8Array => {
  const frame = gratuitousArp(mac, VIP4);
  frame[21] = 2;
  return frame;
};

type Said = readonly [frame: Uint8Array, outgoing: boolean];

/** A link on which this is said after the first question. */
function world(said: readonly Said[], sent: Uint8Array[] = []): ProbeWorld {
  return {
    pause: async () => {},
    open: (_, { onFrame }) => ({
      send(frame) {
        sent.push(frame);
        if (sent.length === 1) for (const [answer, outgoing] of said) onFrame(Buffer.from(answer), outgoing);
      },
      close() {},
    }),
  };
}

test.each<[string, readonly Said[], readonly string[], readonly string[]]>([
  ['nobody', [], [], []],
  ['another host', [[gratuitousArp(OTHER, VIP4), false]], ['02:00:00:00:00:02'], []],
  ['another host, by IPv6', [[neighbourAdvertisement(OTHER, VIP6, true), false]], [], ['02:00:00:00:00:02']],
  ['this machine itself', [[gratuitousArp(OWN, VIP4), true]], [], []],
  ['a loop that brings back what this machine said', [[gratuitousArp(OWN, VIP4), false]], [], []],
  [
    'a loop that brings back what its virtual router said',
    [
      [reply(VIRTUAL), true],
      [reply(VIRTUAL), false],
      [gratuitousArp(VIRTUAL, VIP4), false],
    ],
    [],
    [],
  ],
  ['a loop that brings back an announcement', [[gratuitousArp(VIRTUAL, VIP4), false]], [], []],
  [
    'another MASTER of the same virtual router, while this one announces',
    [
      [gratuitousArp(VIRTUAL, VIP4), true],
      [reply(VIRTUAL), false],
    ],
    ['00:00:5e:00:01:33'],
    [],
  ],
])('who answers: %s', async (_, said, holders4, holders6) => {
  const { holders, faults } = await probeAddresses([DEVICE], OWN_MACS, world(said));
  expect([holders.get(VIP4), holders.get(VIP6), faults.size]).toEqual([holders4, holders6, 0]);
});

test('each address is asked for twice', async () => {
  const sent: Uint8Array[] = [];
  await probeAddresses([DEVICE], OWN_MACS, world([], sent));
  expect(sent.map((frame) => frame.length)).toEqual([42, 86, 42, 86]);
});

test('what cannot be asked for has a reason, and no holders', async () => {
  const withoutSource = await probeAddresses([{ ...DEVICE, linkLocal: null }], OWN_MACS, world([]));
  expect([...withoutSource.faults]).toEqual([[VIP6, 'eth0 has no link-local address to ask from']]);
  expect([...withoutSource.holders]).toEqual([[VIP4, []]]);

  const open = () => {
    throw new NetioError('cannot open a packet socket on eth0: EPERM', 'EPERM');
  };
  const refused = await probeAddresses([DEVICE], OWN_MACS, { ...world([]), open });
  expect(refused.holders.size).toBe(0);
  expect([...refused.faults.values()]).toEqual(Array(2).fill('cannot open a packet socket on eth0: EPERM'));
});
