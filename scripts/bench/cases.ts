/** What is measured: the floors, the limits' cases, and others that the table shows beside them. */
import { fileURLToPath } from 'node:url';
import { BpfObject } from 'libbpf-ts';
import type { DataPlane } from '../../test/bpf/fixture.ts';
import { type Driver, type Load, ORDER } from './driver.ts';
import { fill, frame4, frame6, openPlane, PORT, udpFrame4 } from './planes.ts';
import { bySourceWorld, markedWorld, OTHER_PORT, otherWorld, UNMARKED_PORT } from './worlds.ts';

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
  /** Nanoseconds that it may take more than another case; without a limit they are only told. */
  readonly more?: { readonly than: string; readonly limit?: number };
}

export interface Bench {
  readonly cases: readonly BenchCase[];
  /** All ratios are to this case, one of `cases`. */
  readonly floor: BenchCase;
  /** Two of the planes. */
  readonly small: DataPlane;
  readonly large: DataPlane;
  close(): void;
}

const ONE_FLOW = 'tun v4 found 1 flow';
const MILLION_FLOWS = 'tun v4 found 1M flows';
/** Flows of the planes whose cases have one. */
const FEW = 1 << 12;
/** Nanoseconds that marks may cost. */
const MARKS_LIMIT = 15;

export function prepare(driver: Driver): Bench {
  const floors = BpfObject.open(fileURLToPath(new URL('../../build/scripts/bench/floors.bpf.o', import.meta.url)));
  floors.load();
  const [million, eight, fresh] = [openPlane(MILLION), openPlane(EIGHT_MILLION), openPlane(MILLION)];
  const [marked, bySource] = [openPlane(FEW, markedWorld()), openPlane(MILLION, bySourceWorld())];
  const other = openPlane(FEW, otherWorld());
  for (const plane of [million, eight, bySource]) {
    fill(driver, plane, frame4(PORT.tun, 'S'), plane === eight ? EIGHT_MILLION : MILLION);
  }
  for (const plane of [million, eight]) openFlows(plane, SINGLE_FLOWS);
  for (const plane of [marked, bySource]) openFlows(plane, MARKED_FLOWS);
  openFlows(other, OTHER_FLOWS);
  const floor = floorCase(floors, 'floor: IPIP header, no look-ups', 'floor_ipip', TX);
  return {
    cases: [
      floorCase(floors, 'floor: XDP_DROP', 'floor_drop', DROP),
      floorCase(floors, 'floor: swap MACs', 'floor_swap', TX),
      floor,
      ...lineCases(floors),
      ...foundCases(million, eight),
      newCase(fresh),
      newOnExpiredCase(fresh),
      notOurs(million),
      ...otherCases(million),
      ...markCases(marked, bySource),
      ...methodCases(other),
    ],
    floor,
    small: million,
    large: eight,
    close: () => {
      for (const each of [floors, million, eight, fresh, marked, bySource, other]) each.close();
    },
  };
}

/** TCP with these flags. */
type Flow = (flags: string) => Buffer;

const four =
  (port: number): Flow =>
  (flags) =>
    frame4(port, flags);
const six =
  (port: number): Flow =>
  (flags) =>
    frame6(port, flags);

const SINGLE_FLOWS = [...[PORT.tun, PORT.dr, PORT.mh].map(four), six(PORT.tun)];
const MARKED_FLOWS = [PORT.tun, UNMARKED_PORT].map(four);
const OTHER_FLOWS = [...Object.values(OTHER_PORT).map(four), ...[OTHER_PORT.fullnat, OTHER_PORT.cross].map(six)];

/** Opens the single flows of the cases with one flow. */
function openFlows(plane: DataPlane, flows: readonly Flow[]): void {
  for (const flow of flows) for (const flags of ['S', '.']) plane.run(flow(flags));
}

function floorCase(floors: BpfObject, name: string, program: string, verdict: number, flows = MILLION): BenchCase {
  const frame = frame4(PORT.tun, '.');
  return {
    name,
    load: { program: floors.program(program), frame, order: ORDER.random, flows, repeat: REPEAT },
    verdict,
  };
}

function lineCases(floors: BpfObject): BenchCase[] {
  return [
    floorCase(floors, 'floor: one line of 16 MiB, header', 'floor_line_1m', TX),
    floorCase(floors, 'floor: one line of 128 MiB, header', 'floor_line_8m', TX, EIGHT_MILLION),
    floorCase(floors, 'floor: line of 16 MiB, its server, header', 'floor_server_1m', TX),
    floorCase(floors, 'floor: line of 128 MiB, its server, header', 'floor_server_8m', TX, EIGHT_MILLION),
  ];
}

function foundCases(million: DataPlane, eight: DataPlane): BenchCase[] {
  const tun = frame4(PORT.tun, '.');
  return [
    found(ONE_FLOW, million, tun, 1, { limit: 3.2, katran: 5.4 }),
    found('dr v4 found 1 flow', million, frame4(PORT.dr, '.'), 1, { limit: 2.8 }),
    found(MILLION_FLOWS, million, tun, MILLION, { limit: 13, katran: 35 }),
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

/** 1,000 rules; of the last case all sources of IPv4 take part, and so all rules. */
function markCases(marked: DataPlane, bySource: DataPlane): BenchCase[] {
  const tun = frame4(PORT.tun, '.');
  const one = { more: { than: ONE_FLOW, limit: MARKS_LIMIT } };
  const million = { more: { than: MILLION_FLOWS } };
  return [
    found('tun v4 found 1 flow, 1,000 mark rules', marked, frame4(UNMARKED_PORT, '.'), 1, one),
    found('tun v4 found 1 flow, by one of 1,000 mark rules', marked, tun, 1, one),
    found('tun v4 found 1 flow, by one of 1,000 mark rules by source', bySource, tun, 1, one),
    found('tun v4 found 1M flows, by 1,000 mark rules by source', bySource, tun, MILLION, million),
  ];
}

function methodCases(plane: DataPlane): BenchCase[] {
  const { nat, fullnat, cross, gue, gre } = OTHER_PORT;
  const rows: [string, Buffer][] = [
    ['nat v4', frame4(nat, '.')],
    ['fullnat v4', frame4(fullnat, '.')],
    ['fullnat v6', frame6(fullnat, '.')],
    ['fullnat NAT64', frame6(cross, '.')],
    ['fullnat NAT46', frame4(cross, '.')],
  ];
  const translated = rows.map(([name, frame]) => {
    const one = found(`${name} found 1 flow`, plane, frame, 1);
    return { ...one, load: { ...one.load, rewrites: true } };
  });
  return [
    ...translated,
    found('tun v4 by gue found 1 flow', plane, frame4(gue, '.'), 1),
    found('tun v4 by gre found 1 flow', plane, frame4(gre, '.'), 1),
  ];
}

/** Every packet must be forwarded, and all but a few by an entry of its own. */
function found(
  name: string,
  plane: DataPlane,
  frame: Buffer,
  flows: number,
  limits: Pick<BenchCase, 'limit' | 'katran' | 'more'> = {},
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
