/** The connection table and its counts, as user space sees them: entries are written here, as the program writes them. */
import { possibleCpus } from 'libbpf-ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AddressWords, addressFromWords } from '../../src/core/model/address.ts';
import { openConnectionTable } from '../../src/dataplane/connections.ts';
import { openLiveCounts } from '../../src/dataplane/live-counts.ts';
import { type Dataplane, openDataplane } from '../../src/dataplane/open.ts';
import { type Recount, startSweeper } from '../../src/dataplane/sweeper.ts';
import { NO_TRAFFIC, readCounters, trafficMemory } from '../../src/dataplane/traffic.ts';
import { ConnectionState, EntryShift } from '../../src/dataplane/types.gen.ts';
import { OBJECT, SMALL, TestBpffs } from './support/bpffs.ts';

let bpffs: TestBpffs;
let dataplane: Dataplane;
beforeAll(async () => {
  bpffs = new TestBpffs();
  dataplane = await openDataplane({ object: OBJECT, bpffs: bpffs.path, sizes: SMALL, translates: false });
});
afterAll(() => {
  dataplane[Symbol.dispose]();
  bpffs[Symbol.dispose]();
});
beforeEach(() => {
  const { connections, live_counts } = dataplane.maps;
  const empty = { entry: new Array<bigint>(8).fill(0n) };
  for (let bucket = 0; bucket < SMALL.connections / 8; bucket++) connections.set(bucket, empty);
  for (const id of [1, 2, 3, 4]) live_counts.set(id, liveCount(0, 0));
});

interface Row {
  readonly slot: number;
  readonly state: number;
  /** Seconds; not above 0: expired. */
  readonly left: number;
  readonly server: number;
}

const liveCount = (active: number, inactive: number) => ({
  ...{ active, inactive, overloaded: 0, upper: 0, lower: 0, persistent: 0, gone: 0 },
});
const SOURCE = 0xc6336407; // 198.51.100.7

function put({ slot, state, left, server }: Row): void {
  const { maps, programs } = dataplane;
  const now = programs.readClock().now;
  const deadline = BigInt((now + left) & 0xffff);
  const entry =
    (77n << BigInt(EntryShift.ENTRY_TAG_SHIFT)) | (BigInt(state) << BigInt(EntryShift.ENTRY_STATE_SHIFT)) | deadline;
  const bucket = slot >> 3;
  const ways = [...(maps.connections.get(bucket)?.entry ?? [])];
  ways[slot & 7] = entry;
  maps.connections.set(bucket, { entry: ways });
  maps.connection_keys.set(slot, {
    source: { word: [SOURCE, 0, 0, slot] },
    destination: { word: [0xc0000264, 0, 0, 0] },
    source_port: 40000 + slot,
    destination_port: 80,
    service: 5,
    real_server: server,
    created: now - 30,
    reply: 0xffffffff,
    first_ack: 0,
    flags: 0,
  });
}

const { CONNECTION_ESTABLISHED: ESTABLISHED, CONNECTION_TIME_WAIT: TIME_WAIT, CONNECTION_BUSY: BUSY } = ConnectionState;

describe('scan', () => {
  const rows: Row[] = [
    { slot: 0, state: ESTABLISHED, left: 900, server: 1 },
    { slot: 9, state: TIME_WAIT, left: 60, server: 2 },
    { slot: 4095, state: ESTABLISHED, left: 100, server: 2 },
    { slot: 20, state: ESTABLISHED, left: 0, server: 2 },
    { slot: 21, state: BUSY, left: 4, server: 2 },
  ];

  test('finds what lives, with its key in host order', () => {
    rows.forEach(put);
    const table = openConnectionTable(dataplane.maps);
    const found = table.scan(0, table.slots, dataplane.programs.readClock().now);

    expect(found.map(({ sourcePort }) => sourcePort)).toEqual([40000, 40009, 44095]);
    expect(found[1]).toMatchObject({ serviceId: 5, realServerId: 2, state: TIME_WAIT, destinationPort: 80 });
    expect(found[1]?.expires).toBeGreaterThanOrEqual(58);
    expect(found[1]?.expires).toBeLessThanOrEqual(60);
    expect(found[1]?.age).toBeGreaterThanOrEqual(30);
    expect(addressFromWords(4, found[1]?.source as unknown as AddressWords)).toBe('198.51.100.7');
    expect(addressFromWords(4, found[1]?.destination as unknown as AddressWords)).toBe('192.0.2.100');
  });

  test.each([
    ['a state', { states: new Set([TIME_WAIT]) }, [40009]],
    ['a service', { serviceId: 5 }, [40000, 40009, 44095]],
    ['another service', { serviceId: 6 }, []],
    ['real servers', { realServerIds: new Set([2]) }, [40009, 44095]],
    ['a client', { source: [SOURCE, 0, 0, 9] }, [40009]],
    ['a port', { sourcePort: 44095 }, [44095]],
  ])('filters by %s', (_name, filter, ports) => {
    rows.forEach(put);
    const table = openConnectionTable(dataplane.maps);
    const found = table.scan(0, table.slots, dataplane.programs.readClock().now, filter);
    expect(found.map(({ sourcePort }) => sourcePort)).toEqual(ports);
  });
});

describe('the sweeper', () => {
  async function sweepOnce(): Promise<{ recount: Recount; entries: number }> {
    const counts = openLiveCounts(dataplane.maps);
    return new Promise((done, fail) => {
      const sweeper = startSweeper({ ...dataplane, adopted: true }, counts, {
        now: () => performance.now(),
        goneServers: () => [],
        shedsEntries: () => false,
        onError: fail,
        onRecount: (recount) => {
          sweeper[Symbol.dispose]();
          done({ recount, entries: sweeper.entries });
        },
      });
    });
  }

  test('frees what expired, takes it out of the counts, and counts anew', async () => {
    put({ slot: 0, state: ESTABLISHED, left: 900, server: 1 });
    put({ slot: 1, state: ESTABLISHED, left: -1, server: 2 });
    put({ slot: 4095, state: TIME_WAIT, left: 60, server: 3 });
    dataplane.maps.live_counts.set(1, liveCount(1, 0));
    dataplane.maps.live_counts.set(2, liveCount(1, 0));
    dataplane.maps.live_counts.set(3, liveCount(0, 1));
    const { recount, entries } = await sweepOnce();

    expect(entries).toBe(2);
    expect([1, 2, 3, 4].map((id) => recount.isReferenced(id))).toEqual([true, false, true, false]);
    expect(openLiveCounts(dataplane.maps).of(2)).toEqual({ active: 0, inactive: 0, persistent: 0 });
    expect(readCounters(dataplane.maps.counters).connections_expired).toBe(1);
  });

  test('mends a count that stays wrong', async () => {
    put({ slot: 0, state: ESTABLISHED, left: 900, server: 1 });
    dataplane.maps.live_counts.set(1, liveCount(4, 2));
    const counts = openLiveCounts(dataplane.maps);
    for (const expected of [4, 4, 1]) {
      counts.beginRecount([]);
      dataplane.programs.sweep(0, SMALL.connections / 8, true, false);
      counts.endRecount();
      expect(counts.of(1).active).toBe(expected);
    }
    expect(counts.of(1)).toEqual({ active: 1, inactive: 0, persistent: 0 });
  });
});

test('traffic is summed over CPUs', () => {
  const map = dataplane.maps.service_traffic;
  const cpus = possibleCpus();
  for (let cpu = 0; cpu < cpus; cpu++) {
    map.set(cpu * SMALL.services + 7, {
      ...{ connections: BigInt(cpu + 1), packets: 2n ** 40n, bytes: 3n },
      ...{ out_packets: 5n, out_bytes: 6n },
    });
  }
  const traffic = trafficMemory(map);
  expect(traffic.of(7)).toEqual({
    connections: (cpus * (cpus + 1)) / 2,
    packets: cpus * 2 ** 40,
    bytes: 3 * cpus,
    outPackets: 5 * cpus,
    outBytes: 6 * cpus,
  });
  expect([traffic.of(8), traffic.of(SMALL.services + 7)]).toEqual([NO_TRAFFIC, NO_TRAFFIC]);
  traffic.zero(7);
  expect(traffic.of(7)).toEqual(NO_TRAFFIC);
});
