import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Service } from '../../dataplane/types.gen.ts';
import type { Command } from '../model/command.ts';
import type { Address } from '../model/model.ts';
import { checkMaps } from './expectation.ts';
import { NO_INTERFACE } from './next-hop.ts';
import type { Operation } from './operations.ts';
import { repair } from './repair.ts';
import { Director, type Event, LIMITS, SERVERS, SERVICES } from './simulation.ts';

const LOCALS = ['10.0.0.250', '2001:db8::fe'] as Address[];

const service = fc.constantFrom(...SERVICES);
const server = fc.constantFrom(...SERVERS).map((address) => ({ address, port: 80 }));
const scheduler = fc.constantFrom('rr', 'wrr', 'mh', 'wlc', 'sh', 'dh', 'lblc');
const limit = fc.record({ rate: fc.constantFrom(0, 5), connections: fc.constantFrom(0, 7) });
const more = fc.record({
  scheduler,
  options: fc.record({ port: fc.boolean(), ringSize: fc.constantFrom(251, 509) }),
  limits: fc
    .constantFrom(undefined, null, { deny: ['198.51.100.0/24'] })
    .chain((limits) => (limits == null ? fc.constant(limits) : limit.map((values) => ({ ...values, ...limits })))),
});
const named = more.chain((values) => service.map((key) => ({ ...key, ...values })));
const spec = fc
  .tuple(
    server,
    fc.record({
      method: fc.constantFrom('tun', 'nat', 'fullnat'),
      weight: fc.constantFrom(0, 1, 1, 2, 6),
      upperThreshold: fc.constantFrom(0, 0, 4, 9),
    }),
  )
  .map(([key, values]) => ({ ...key, ...values }));
const local = fc.record({
  address: fc.constantFrom(...LOCALS),
  service: fc.option(service),
  lastPort: fc.constantFrom(2000, 3000),
});
const admin = fc.option(fc.constant({ action: 'drain', by: 'anna', at: 1, reason: '' }));

const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('service.add'), service: named }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('service.edit'), service: named }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('service.delete'), service }) },
  { weight: 9, arbitrary: fc.record({ type: fc.constant('server.add'), service, server: spec }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('server.edit'), service, server: spec }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('server.delete'), service, server }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('server.drain'), service, server, admin }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('sysctl.set'),
      values: fc.record(
        { nat_icmp_send: fc.constantFrom(0, 1, 1), conn_rate: fc.constantFrom(0, 9) },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('local.add', 'local.add', 'local.delete'), local }),
  },
) as fc.Arbitrary<Command>;

const way = fc.record({
  gateway: fc.constantFrom(null, 0, 0, 1, 2),
  mac: fc.integer({ min: 1, max: 3 }),
  ifindex: fc.constantFrom(5, 6),
  mtu: fc.constantFrom(1500, 9000),
});

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('commands' as const),
      commands: fc.array(command, { minLength: 1, maxLength: 2 }),
      crashAt: fc.option(fc.nat(8), { freq: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('network' as const), server: fc.nat(SERVERS.length - 1), way }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('connect' as const), service: fc.nat(3), pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('disconnect' as const), pick: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('recount' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(2000) }) },
);

/** Two services to begin with, so that most commands find one; and a switch that makes the network matter to more. */
const beginning: Event = {
  type: 'commands',
  commands: [
    { type: 'sysctl.set', values: { nat_icmp_send: 1 } },
    ...(['rr', 'wrr'] as const).map(
      (scheduler, i) => ({ type: 'service.add', service: { ...SERVICES[i]!, scheduler } }) as const,
    ),
  ],
  crashAt: null,
};

/** What happens to a director, from nothing on. */
const histories = (maxLength: number): fc.Arbitrary<readonly Event[]> =>
  fc.array(event, { maxLength, size: 'max' }).map((events) => [beginning, ...events]);

test('any history', () => {
  fc.assert(
    fc.property(histories(60), (events) => {
      const director = new Director();
      for (const event of events) director.happen(event);
    }),
    { numRuns: 100 },
  );
});

const line = fc.nat(LIMITS.lines - 1);
const byte = fc.nat(255);
const id = fc.nat(12);
const words = fc.tuple(fc.constantFrom(0xc0000264, 0x20010db8), byte, byte, fc.constantFrom(0, 0x100));
const key = fc.record({
  address: fc.record({ word: words }),
  port: fc.constantFrom(80, 0),
  protocol: fc.constantFrom(6, 17, 132),
  family: fc.constantFrom(4, 6, 9),
});
const elementFields = fc.record(
  {
    id,
    schedule: line,
    slot_count: fc.oneof(id, fc.nat(0xffffffff)),
    turns_line: line,
    turn_count: id,
    ring_line: line,
    ring_size: fc.oneof(byte, fc.nat(0xffffffff)),
    generation: fc.nat(65535),
    scheduler: id,
  },
  { requiredKeys: [] },
);
const slot = fc.record({
  address: fc.record({ word: words }),
  outer_source: fc.record({ word: words }),
  ...{ id, next_hop: id, port: fc.nat(65535), mtu: fc.nat(65535), turns_after: id },
  ...{ method: id, family: fc.constantFrom(0, 4, 6, 9), flags: byte, spread_bits: byte, outer_sum: byte },
});
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });

/** Somebody else writes to the maps: `pick` chooses among the elements that are there. */
interface Damage {
  readonly pick: number;
  readonly change: Partial<Service>;
  readonly operation: Operation | null;
}

const damage = fc.record({
  pick: fc.nat(3),
  change: elementFields,
  operation: fc.option(
    fc.oneof(
      fc.record({
        op: fc.constant('write-lines'),
        line,
        lines: fc.array(fc.record({ server: slot }), { maxLength: 4 }),
      }),
      fc.record({
        op: fc.constant('write-next-hop'),
        id,
        value: fc.record({ mac, port: id, vlan_mode: id, vlan_count: id, vlan_tci: fc.tuple(id, id), vlan_tpid: id }),
      }),
      fc.record({
        op: fc.constant('write-filter'),
        word: fc.nat(1023),
        value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      }),
      fc.record({
        op: fc.constant('write-interface'),
        slot: id,
        value: fc.record({ ifindex: id, mac, flags: id, routers: fc.constant(NO_INTERFACE.routers) }),
      }),
      fc.record({ op: fc.constant('set-tx-port'), slot: id, ifindex: fc.nat(9) }),
      fc.record({ op: fc.constant('set-service'), key, settle: fc.constant(false) }),
    ),
    { freq: 4 },
  ),
}) as unknown as fc.Arbitrary<Damage>;

function inflict({ maps }: Director, { pick, change, operation }: Damage): void {
  const element = maps.have().services[pick];
  if (operation === null) {
    if (element !== undefined)
      maps.execute({ op: 'set-service', key: element.key, value: { ...element, ...change }, settle: null });
  } else if (operation.op === 'set-service') {
    if (element !== undefined) maps.execute({ ...operation, value: { ...element, ...change, key: operation.key } });
  } else {
    maps.execute(operation);
  }
}

function repairAll({ maps, reconciler }: Director): void {
  for (const operation of repair(reconciler.state, maps.have())) maps.execute(operation);
  expect(repair(reconciler.state, maps.have())).toEqual([]);
}

const damaged = fc.tuple(histories(15), fc.array(damage, { minLength: 1, maxLength: 6 })).map(([events, damages]) => {
  return { events, damages };
});

test('repair makes any maps those of the model', () => {
  fc.assert(
    fc.property(damaged, ({ events, damages }) => {
      const director = new Director();
      for (const event of events) director.happen(event);
      for (const each of damages) inflict(director, each);
      repairAll(director);
      checkMaps(director.maps.have(), director.model, director.network(), director.reconciler.memory());
    }),
    { numRuns: 100 },
  );
});

test('a start on any maps makes them those of the model', () => {
  fc.assert(
    fc.property(damaged, ({ events, damages }) => {
      const director = new Director();
      for (const event of events) director.happen(event);
      for (const each of damages) inflict(director, each);
      director.restart();
      const planned = director.reconciler.plan(director.model, director.network(), director.now + 5000);
      if (!planned.ok) throw new Error(planned.message);
      for (const operation of planned.operations) director.maps.execute(operation);
      director.reconciler.commit(planned);
      repairAll(director);
      director.maps.checkReferences();
      checkMaps(director.maps.have(), director.model, director.network(), director.reconciler.memory());
    }),
    { numRuns: 100 },
  );
});
