/** What is measured: the floors, the limits' cases, and others that the table shows beside them. */
import { fileURLToPath } from 'node:url';
import { BpfObject } from 'libbpf-ts';
import type { DataPlane } from '../../test/bpf/fixture.ts';
import { type Driver, type Load, ORDER } from './driver.ts';
import { fill, frame4, frame6, openPlane, PORT, udpFrame4 } from './planes.ts';

const MILLION = 1 << 20;
const EIGHT_MILLION = 8 * MILLION;
const REPEAT = MILLION;
const PASS = 2;
const TX = 3;
const DROP = 1;

export interface BenchCase {
  readonly name: string;
  readonly load: Load;
  /** XDP action that every packet must get. */
  readonly verdict: number;
  /** Before every measurement, not counted. */
  readonly before?: () => void;
  /** Says why the measurement is void, or null. */
  readonly fault?: () => string | null;
  /** The ratio to the IPIP floor to reach, and Katran's. */
  readonly limit?: number;
  readonly katran?: number;
}

export interface Bench {
  readonly cases: readonly BenchCase[];
  /** All ratios are to this case. */
  readonly floor: string;
  /** Two of the planes. */
  readonly small: DataPlane;
  readonly large: DataPlane;
  close(): void;
}

const FLOOR = 'floor: IPIP header, no look-ups';

export function prepare(driver: Driver): Bench {
  const floors = BpfObject.open(fileURLToPath(new URL('../../build/scripts/bench/floors.bpf.o', import.meta.url)));
  floors.load();
  const planes = [openPlane(MILLION), openPlane(EIGHT_MILLION), openPlane(MILLION)] as const;
  const [million, eight, fresh] = planes;
  for (const plane of [million, eight]) {
    fill(driver, plane, frame4(PORT.tun, 'S'), plane === eight ? EIGHT_MILLION : MILLION);
    for (const frame of singleFlows()) plane.run(frame);
  }
  return {
    cases: [
      ...floorCases(floors),
      ...foundCases(million, eight),
      newCase(fresh),
      newOnExpiredCase(fresh),
      notOurs(million),
      ...otherCases(million),
    ],
    floor: FLOOR,
    small: million,
    large: eight,
    close: () => {
      floors.close();
      for (const plane of planes) plane.close();
    },
  };
}

/** Packets that open the single flows of the cases with one flow. */
function singleFlows(): Buffer[] {
  const opened = [PORT.tun, PORT.dr, PORT.mh].flatMap((port) => [frame4(port, 'S'), frame4(port, '.')]);
  return [...opened, frame6(PORT.tun, 'S'), frame6(PORT.tun, '.')];
}

function floorCases(floors: BpfObject): BenchCase[] {
  const load = (name: string, flows = MILLION): Load => ({
    program: floors.program(name),
    frame: frame4(PORT.tun, '.'),
    order: ORDER.random,
    flows,
    repeat: REPEAT,
  });
  return [
    { name: 'floor: XDP_DROP', load: load('floor_drop'), verdict: DROP },
    { name: 'floor: swap MACs', load: load('floor_swap'), verdict: TX },
    { name: FLOOR, load: load('floor_ipip'), verdict: TX },
    { name: 'floor: one line of 16 MiB, header', load: load('floor_line_1m'), verdict: TX },
    { name: 'floor: one line of 128 MiB, header', load: load('floor_line_8m', EIGHT_MILLION), verdict: TX },
  ];
}

function foundCases(million: DataPlane, eight: DataPlane): BenchCase[] {
  const tun = frame4(PORT.tun, '.');
  return [
    found('tun v4 found 1 flow', million, tun, 1, { limit: 3.2, katran: 5.4 }),
    found('dr v4 found 1 flow', million, frame4(PORT.dr, '.'), 1, { limit: 2.8 }),
    found('tun v4 found 1M flows', million, tun, MILLION, { limit: 13, katran: 35 }),
    found('tun v4 found 8M flows', eight, tun, EIGHT_MILLION, { limit: 20, katran: 57 }),
  ];
}

function otherCases(plane: DataPlane): BenchCase[] {
  return [
    found('mh v4 found 1 flow', plane, frame4(PORT.mh, '.'), 1),
    found('tun v6 found 1 flow (IPv4 outside)', plane, frame6(PORT.tun, '.'), 1, { katran: 5.1 }),
    found('udp v4 found 1 flow', plane, udpFrame4(), 1, { katran: 8.0 }),
  ];
}

/** Every packet must be forwarded, and all but a few by an entry of its own. */
function found(
  name: string,
  plane: DataPlane,
  frame: Buffer,
  flows: number,
  limits: Pick<BenchCase, 'limit' | 'katran'> = {},
): BenchCase {
  return {
    name,
    load: {
      program: plane.object.program('xlb'),
      frame,
      order: flows === 1 ? ORDER.same : ORDER.random,
      flows,
      repeat: REPEAT,
    },
    verdict: TX,
    before: () => void plane.counted(),
    fault: () => {
      const { forwarded = 0, followed_ring = 0, connections_created = 0 } = plane.counted();
      if (forwarded !== REPEAT) return `${forwarded} of ${REPEAT} packets forwarded`;
      if (connections_created > 1) return `${connections_created} connections opened`;
      return followed_ring > REPEAT / 1000 ? `${followed_ring} packets without an entry` : null;
    },
    ...limits,
  };
}

/** A new flow with every packet, into a table that a sweep has emptied: as many as fill half of it. */
function newCase(plane: DataPlane): BenchCase {
  return newFlows('tun v4 new recorded', plane, () => plane.sweep(), { limit: 20, katran: 67 });
}

/** The same, but every place holds an entry that has expired and must be counted out first. */
function newOnExpiredCase(plane: DataPlane): BenchCase {
  return newFlows('tun v4 new recorded, over expired entries', plane, () => {}, {});
}

function newFlows(
  name: string,
  plane: DataPlane,
  prepareTable: () => void,
  limits: Pick<BenchCase, 'limit' | 'katran'>,
): BenchCase {
  const load = { program: plane.object.program('xlb'), frame: frame4(PORT.tun, 'S'), order: ORDER.sequence };
  return {
    name,
    load: { ...load, repeat: REPEAT },
    verdict: TX,
    before: () => {
      plane.advance(61); // longer than SYN_RECV: everything expires
      prepareTable();
      plane.counted();
    },
    fault: () => {
      const { connections_created = 0 } = plane.counted();
      return connections_created < REPEAT * 0.999 ? `${connections_created} of ${REPEAT} connections recorded` : null;
    },
    ...limits,
  };
}

function notOurs(plane: DataPlane): BenchCase {
  const frame = frame4(PORT.tun, '.', '192.0.2.99');
  const load = { program: plane.object.program('xlb'), frame, order: ORDER.random, flows: MILLION, repeat: REPEAT };
  return { name: 'v4 not ours', load, verdict: PASS, limit: 1.6, katran: 2.2 };
}
