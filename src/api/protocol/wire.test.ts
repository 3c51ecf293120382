import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Command } from '../../core/model/command.ts';
import type { Address } from '../../core/model/model.ts';
import { commandSchema } from './command.ts';
import { commandFromWire, commandToWire, pathToWire } from './wire.ts';

const ASKER = { user: 'alice', now: 1_000 };

const address = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::', '::ffff:192.0.2.1')) as fc.Arbitrary<Address>;
const port = fc.integer({ min: 0, max: 65535 });
const service = fc.oneof(
  fc.record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const), address, port }),
  fc.record({
    protocol: fc.constant('fwmark' as const),
    family: fc.constantFrom(4 as const, 6 as const),
    mark: fc.integer({ min: 1, max: 4294967295 }),
  }),
);
const encapsulation = fc.oneof(
  fc.record({
    type: fc.constant('gue' as const),
    port: fc.integer({ min: 1, max: 65535 }),
    checksum: fc.constantFrom('none' as const, 'full' as const, 'remote' as const),
  }),
  fc.record({ type: fc.constant('gre' as const), checksum: fc.constantFrom('none' as const, 'full' as const) }),
);
const server = fc.record({ address, port });
const small = fc.integer({ min: 0, max: 1000 });
const spec = fc.record(
  {
    address,
    port,
    method: fc.constantFrom('dr' as const, 'tun' as const),
    encapsulation,
    weight: small,
    upperThreshold: small,
    lowerThreshold: small,
  },
  { requiredKeys: ['address', 'port'] },
);
const options = fc.record(
  { port: fc.boolean(), fallback: fc.boolean(), ringSize: fc.constant(65537) },
  { requiredKeys: [] },
);
const timeout = fc.integer({ min: 1, max: 2678400 });
const persistence = fc.record({ timeout, netmask: address }, { requiredKeys: [] });
const affinity = {
  persistence: fc.option(persistence),
  onePacket: fc.boolean(),
  engine: fc.option(fc.constant('sip' as const)),
};
const serviceSpec = fc
  .tuple(
    service,
    fc.record({ scheduler: fc.constantFrom('rr' as const, 'mh' as const), options, ...affinity }, { requiredKeys: [] }),
  )
  .map(([key, rest]) => ({ ...key, ...rest }));
const admin = fc.record({
  action: fc.constant('drain' as const),
  by: fc.string({ maxLength: 60 }),
  at: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  reason: fc.string({ maxLength: 200 }),
});
const spread = fc.option(fc.record({ address, prefix: fc.integer({ min: 0, max: 32 }) }));
const tunnel = fc.record(
  { outerDf: fc.constantFrom('copy' as const, 'set' as const, 'clear' as const), spread4: spread, spread6: spread },
  { requiredKeys: [] },
);
const timeouts = fc.record({ tcp: timeout, tcpFin: timeout, udp: timeout }, { requiredKeys: [] });
const syncState = fc.constantFrom('master' as const, 'backup' as const);
const byte = fc.integer({ min: 1, max: 255 });
const syncDaemon = fc.record(
  { interface: fc.constant('eth0'), syncId: byte, maxLength: byte, group: address, port: byte, ttl: byte },
  { requiredKeys: ['interface'] },
);
const type = <T extends string>(...names: T[]) => fc.constantFrom(...names);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: type('service.add', 'service.edit'), service: serviceSpec }),
  fc.record({ type: type('service.delete'), service }),
  fc.record({ type: type('server.add', 'server.edit'), service, server: spec }),
  fc.record({ type: type('server.delete'), service, server }),
  fc.record({ type: type('server.drain'), service, server, admin: fc.option(admin) }),
  fc.record({ type: type('tunnel.set'), tunnel }),
  fc.record({ type: type('timeouts.set'), timeouts }),
  fc.record({ type: type('clear') }),
  fc.record({ type: type('sync.start'), state: syncState, daemon: syncDaemon }),
  fc.record({ type: type('sync.stop'), state: syncState }),
  fc.record({
    type: type('sync.set'),
    daemons: fc.record({ master: fc.option(syncDaemon), backup: fc.option(syncDaemon) }),
  }),
  fc.record({
    type: type('replace'),
    services: fc.array(
      fc.tuple(serviceSpec, fc.array(spec, { maxLength: 3 })).map(([head, servers]) => ({ ...head, servers })),
      { maxLength: 3 },
    ),
  }),
);

it('every command is the same behind the wire', () => {
  fc.assert(
    fc.property(command, (before) => {
      const text = JSON.stringify(commandToWire(before));
      expect(commandFromWire(commandSchema.parse(JSON.parse(text)), ASKER)).toEqual(before);
    }),
  );
});

it('makes addresses canonical and gives servers the port of their service', () => {
  const wire = commandSchema.parse({
    type: 'server.add',
    service: { protocol: 'tcp', address: '2001:DB8:0::0010', port: 443 },
    server: { address: '2001:db8:0:0::11' },
  });
  expect(commandFromWire(wire, ASKER)).toEqual({
    type: 'server.add',
    service: { protocol: 'tcp', address: '2001:db8::10', port: 443 },
    server: { address: '2001:db8::11', port: 443 },
  });
});

it.each([
  ['server.upperThreshold', 'server.upper_threshold'],
  ['services[0].options.ringSize', 'services[0].options.ring_size'],
  ['service.onePacket', 'service.one_packet'],
  ['service.persistence.timeout', 'service.persistence.timeout_s'],
  ['service.persistence.netmask', 'service.persistence.netmask'],
  ['timeouts.tcpFin', 'timeouts.tcp_fin_s'],
  ['tunnel.spread4.address', 'tunnel.spread_v4.address'],
  ['', ''],
])('names %j as the wire does', (core, wire) => {
  expect(pathToWire(core)).toBe(wire);
});
