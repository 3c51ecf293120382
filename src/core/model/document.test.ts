import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyCommands, emptyModel } from './apply-command.ts';
import type { Command } from './command.ts';
import { fromDocument, toDocument } from './document.ts';
import type { Address, Model, ServiceKey } from './model.ts';

const services = fc.oneof(
  fc.record({
    protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
    address: fc.constantFrom('192.0.2.1', '2001:db8::1'),
    port: fc.constantFrom(1, 80),
  }),
  fc.record({ protocol: fc.constant('fwmark'), family: fc.constantFrom(4, 6), mark: fc.constantFrom(1, 2) }),
) as fc.Arbitrary<ServiceKey>;
const servers = fc
  .constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1')
  .map((address) => ({ address: address as Address, port: 1 }));
const admin = fc.option(
  fc.record({ action: fc.constant('drain' as const), by: fc.string(), at: fc.nat(), reason: fc.string() }),
);
const spec = fc
  .tuple(servers, fc.record({ method: fc.constantFrom('dr', 'tun'), weight: fc.nat(3), upperThreshold: fc.nat(9) }))
  .map(([key, values]) => ({ ...key, ...values }));
const encapsulations = fc.constantFrom(
  { type: 'gue' as const, port: 6080, checksum: 'remote' as const },
  { type: 'gre' as const, checksum: 'full' as const },
);
const sync = fc.constantFrom('master' as const, 'backup' as const);

const commands: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant('service.add'), service: services }),
  fc.record({ type: fc.constant('server.add'), service: services, server: spec }),
  fc.record({
    type: fc.constant('server.add'),
    service: services,
    server: fc
      .tuple(spec, encapsulations)
      .map(([values, encapsulation]) => ({ ...values, method: 'tun', encapsulation })),
  }),
  fc.record({ type: fc.constant('sync.start'), state: sync, daemon: fc.constant({ interface: 'eth0' }) }),
  fc.record({ type: fc.constant('sync.stop'), state: sync }),
  fc.record({ type: fc.constant('server.edit'), service: services, server: spec }),
  fc.record({ type: fc.constant('server.drain'), service: services, server: servers, admin }),
  fc.record({ type: fc.constant('server.delete'), service: services, server: servers }),
) as fc.Arbitrary<Command>;

/** Those of the commands that are no error. */
function modelOf(list: readonly Command[]): Model {
  return list.reduce((model: Model, command) => {
    const applied = applyCommands(model, [command]);
    return 'error' in applied ? model : applied.model;
  }, emptyModel);
}

test('any model comes back as it was, order included', () => {
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 40 }), (list) => {
      const model = modelOf(list);
      const loaded = fromDocument(JSON.parse(JSON.stringify(toDocument(model))));
      expect(loaded).toEqual({ model });
      expect('model' in loaded && [...loaded.model.services.keys()]).toEqual([...model.services.keys()]);
    }),
    { numRuns: 200 },
  );
});

const key = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const server = {
  address: '10.0.0.1',
  port: 80,
  method: 'dr',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  admin: null,
};
const options = { port: false, fallback: false, ringSize: 4093 };
const service = { ...key, scheduler: 'rr', options, servers: [server] };
const tunnel = emptyModel.tunnel;

function withServer(change: object): unknown {
  return { services: [{ ...service, servers: [{ ...server, ...change }] }], tunnel };
}

describe('faults', () => {
  const drain = { action: 'drain', by: 'anna', at: 1, reason: '' };
  test.each<[unknown, string]>([
    [null, ''],
    [[], ''],
    ['text', ''],
    [{ services: [] }, 'tunnel'],
    [{ services: [], tunnel, more: 1 }, 'more'],
    [{ services: {}, tunnel }, 'services'],
    [{ services: [service, 7], tunnel }, 'services[1]'],
    [{ services: [service, service], tunnel }, 'services[1]'],
    [{ services: [{ ...service, code: 'x' }], tunnel }, 'services[0].code'],
    [{ services: [{ ...service, port: '80' }], tunnel }, 'services[0].port'],
    [{ services: [{ ...service, options: { ...options, ringSize: 4 } }], tunnel }, 'services[0].options.ringSize'],
    [{ services: [{ ...service, options: null }], tunnel }, 'services[0].options'],
    [{ services: [{ ...service, servers: [server, server] }], tunnel }, 'services[0].servers[1]'],
    [withServer({ weight: -1 }), 'services[0].servers[0].weight'],
    [withServer({ port: 81 }), 'services[0].servers[0].port'],
    [withServer({ address: 5 }), 'services[0].servers[0].address'],
    [withServer({ method: undefined }), 'services[0].servers[0].method'],
    [withServer({ lastWeight: 5 }), 'services[0].servers[0].lastWeight'],
    [withServer({ weight: 0, lastWeight: 0 }), 'services[0].servers[0].lastWeight'],
    [withServer({ admin: { ...drain, by: 1 } }), 'services[0].servers[0].admin.by'],
    [withServer({ admin: { ...drain, action: 'stop' } }), 'services[0].servers[0].admin.action'],
    [withServer({ admin: {} }), 'services[0].servers[0].admin.action'],
    [{ services: [], tunnel: { ...tunnel, spread4: { address: '10.0.0.0' } } }, 'tunnel.spread4.prefix'],
    [{ services: [], tunnel: { ...tunnel, outerDf: 1 } }, 'tunnel.outerDf'],
  ])('%j: at %j', (document, path) => {
    expect(fromDocument(document)).toMatchObject({ error: { code: 'invalid', path } });
  });

  test('whatever it is given, it answers', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.anything().map((value) => ({ services: [{ ...service, servers: value }], tunnel })),
        ),
        (value) => {
          expect(Object.keys(fromDocument(value))).toHaveLength(1);
        },
      ),
    );
  });
});
