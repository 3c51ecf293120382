import { describe, expect, test } from 'vitest';
import { applyCommand, applyCommands, emptyModel } from './apply-command.ts';
import type { Command, CommandError } from './command.ts';
import type { Method } from './methods.ts';
import type { Address, AdminState, Model, ServiceKey, VirtualService } from './model.ts';
import { effectiveWeight, tableWeight } from './server.ts';

const web: ServiceKey = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 };
const web6: ServiceKey = { protocol: 'tcp', address: '2001:db8::1' as Address, port: 80 };
const server = (last: number, port = 80) => ({ address: `10.0.0.${last}` as Address, port });
const drained: AdminState = { action: 'drain', by: 'anna', at: 1000, reason: 'new kernel' };

function run(model: Model, ...commands: Command[]): Model {
  const applied = applyCommands(model, commands);
  if ('error' in applied) throw new Error(`${applied.error.code} ${applied.error.path}: ${applied.error.message}`);
  return applied.model;
}

function errorOf(model: Model, command: Command): CommandError {
  const applied = applyCommand(model, command);
  if (!('error' in applied)) throw new Error('the command was taken');
  return applied.error;
}

function only(model: Model): VirtualService {
  return [...model.services.values()][0]!;
}

const addWeb: Command = { type: 'service.add', service: { ...web, scheduler: 'wrr' } };
const add = (last: number, more = {}): Command => ({
  type: 'server.add',
  service: web,
  server: { ...server(last), ...more },
});
const edit = (last: number, more = {}): Command => ({
  type: 'server.edit',
  service: web,
  server: { ...server(last), ...more },
});
const base = run(emptyModel, addWeb, add(1, { weight: 5 }), add(2), add(3));

describe('services', () => {
  test('are added with defaults, in order', () => {
    const model = run(emptyModel, addWeb, { type: 'service.add', service: web6 });
    expect([...model.services.keys()]).toEqual(['tcp 192.0.2.1:80', 'tcp [2001:db8::1]:80']);
    expect(model.services.get('tcp [2001:db8::1]:80')).toEqual({
      key: web6,
      scheduler: 'mh',
      options: { port: false, fallback: false, ringSize: 4093 },
      persistence: null,
      onePacket: false,
      engine: null,
      servers: [],
    });
  });

  test('lose on edit what the edit leaves out, and keep their servers and their place', () => {
    const both = run(base, { type: 'service.add', service: web6 });
    const options = { port: true, ringSize: 65537 };
    const model = run(both, { type: 'service.edit', service: { ...web, scheduler: 'mh', options } });
    expect([...model.services.keys()][0]).toBe('tcp 192.0.2.1:80');
    expect(only(model)).toMatchObject({ scheduler: 'mh', options: { port: true, fallback: false, ringSize: 65537 } });
    expect(only(model).servers).toBe(only(base).servers);
    const again = run(model, { type: 'service.edit', service: web });
    expect(only(again)).toMatchObject({ scheduler: 'mh', options: { port: false, ringSize: 4093 } });
  });

  test('may have port 0', () => {
    const any = { ...web, port: 0 };
    const model = run(
      emptyModel,
      { type: 'service.add', service: any },
      { type: 'server.add', service: any, server: server(1, 0) },
    );
    expect(only(model).servers[0]?.key).toEqual(server(1, 0));
  });

  test('are deleted alone, or all at once, and the tunnel settings stay', () => {
    const both = run(base, { type: 'service.add', service: web6 }, { type: 'tunnel.set', tunnel: { outerDf: 'set' } });
    expect([...run(both, { type: 'service.delete', service: web }).services.keys()]).toEqual(['tcp [2001:db8::1]:80']);
    expect(run(both, { type: 'clear' })).toEqual({
      ...emptyModel,
      tunnel: { ...emptyModel.tunnel, outerDf: 'set' },
    });
  });

  test('have one name for one address', () => {
    const upper = { ...web6, address: '2001:DB8:0::1' as Address };
    const model = run(emptyModel, { type: 'service.add', service: upper });
    expect(only(model).key).toEqual(web6);
    expect(errorOf(model, { type: 'service.add', service: web6 }).code).toBe('service-exists');
  });
});

describe('real servers', () => {
  test('stand newest first, with defaults', () => {
    expect(only(base).servers.map(({ key }) => key.address)).toEqual(['10.0.0.3', '10.0.0.2', '10.0.0.1']);
    expect(only(base).servers[0]).toEqual({
      key: server(3),
      method: 'dr',
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
      admin: null,
    });
  });

  test('take the port of their service', () => {
    expect(errorOf(base, { type: 'server.add', service: web, server: server(4, 8080) })).toEqual({
      code: 'invalid',
      path: 'server.port',
      message: 'found 8080, expected 80, the port of 192.0.2.1:80/tcp, or none: dr and tun do not translate ports',
    });
    const drain = { action: 'drain', by: 'alice', at: 1, reason: '' } as const;
    const named: readonly Command[] = [
      { type: 'server.edit', service: web, server: server(1, 81) },
      { type: 'server.delete', service: web, server: server(1, 81) },
      { type: 'server.drain', service: web, server: server(1, 81), admin: drain },
    ];
    for (const command of named) {
      expect(errorOf(base, command)).toMatchObject({
        code: 'no-such-server',
        message: '10.0.0.1:81 is no real server of 192.0.2.1:80/tcp',
      });
    }
  });

  test('fall back to dr and weight 1 on an edit without them, and keep their place', () => {
    const tun = run(base, edit(2, { method: 'tun', weight: 7, upperThreshold: 9, lowerThreshold: 3 }));
    expect(only(tun).servers[1]).toMatchObject({ method: 'tun', weight: 7, upperThreshold: 9, lowerThreshold: 3 });
    expect(only(run(tun, edit(2)))).toEqual(only(base));
  });

  test('remember the weight before 0 while they have weight 0', () => {
    const zero = run(base, edit(1, { weight: 0 }));
    expect(only(zero).servers[2]).toMatchObject({ weight: 0, lastWeight: 5 });
    expect(tableWeight(only(run(zero, edit(1, { weight: 0, method: 'tun' }))).servers[2]!)).toBe(5);
    expect(only(run(zero, edit(1, { weight: 2 }))).servers[2]).not.toHaveProperty('lastWeight');
    const never = run(emptyModel, addWeb, add(1, { weight: 0 }));
    expect(tableWeight(only(never).servers[0]!)).toBe(0);
  });

  test('are drained and undrained without a word of their configuration changing', () => {
    const drain: Command = { type: 'server.drain', service: web, server: server(1), admin: drained };
    const model = run(base, drain);
    expect(only(model).servers[2]).toEqual({ ...only(base).servers[2], admin: drained });
    expect(effectiveWeight(only(model).servers[2]!)).toBe(0);
    expect(tableWeight(only(model).servers[2]!)).toBe(0);
    expect(only(run(model, edit(1, { weight: 8 }))).servers[2]).toMatchObject({ weight: 8, admin: drained });
    expect(only(run(model, { ...drain, admin: null }))).toEqual(only(base));
  });

  test('of the other family are for tunnels and fullnat only', () => {
    const address = '2001:db8::7' as Address;
    const cross = (method: Method): Command => ({
      type: 'server.add',
      service: web,
      server: { address, port: 80, method },
    });
    for (const method of ['dr', 'nat'] as const) {
      expect(errorOf(base, cross(method))).toMatchObject({
        code: 'invalid',
        path: 'server.method',
        message: `found method ${method} for the IPv6 server 2001:db8::7 of 192.0.2.1:80/tcp, expected an IPv4 server, or method tun or fullnat`,
      });
    }
    expect(only(run(base, cross('tun'))).servers).toHaveLength(4);
    const fullnat = run(base, cross('fullnat'));
    expect(errorOf(fullnat, { ...cross('nat'), type: 'server.edit' } as Command)).toMatchObject({ code: 'invalid' });
  });
});

describe('what does not change keeps its identity', () => {
  test.each<[string, Command]>([
    ['an edit of the service to what it is', { type: 'service.edit', service: { ...web, scheduler: 'wrr' } }],
    ['an undrain of what is not drained', { type: 'server.drain', service: web, server: server(1), admin: null }],
  ])('%s', (_, command) => {
    expect(only(run(base, command))).toBe(only(base));
  });

  test('but an edit of a server is one, whatever it says', () => {
    const model = run(base, edit(1, { weight: 5 }));
    expect(only(model)).toEqual(only(base));
    expect(only(model).servers).not.toBe(only(base).servers);
  });

  test('other services and other servers', () => {
    const both = run(base, { type: 'service.add', service: web6 });
    const model = run(both, edit(2, { weight: 4 }));
    expect(model.services.get('tcp [2001:db8::1]:80')).toBe(both.services.get('tcp [2001:db8::1]:80'));
    expect(only(model).servers[0]).toBe(only(both).servers[0]);
  });

  test('nothing is changed in place', () => {
    const before = structuredClone(base);
    run(base, edit(1, { weight: 9 }), { type: 'clear' });
    expect(base).toEqual(before);
  });
});

describe('replace', () => {
  test('takes servers in the order of their addition', () => {
    const servers = [server(1), server(2)];
    const model = run(emptyModel, { type: 'replace', services: [{ ...web, scheduler: 'rr', servers }] });
    expect(only(model).servers.map(({ key }) => key.address)).toEqual(['10.0.0.2', '10.0.0.1']);
  });

  test('keeps overrides, last weights and unchanged services', () => {
    const servers = [{ ...server(1), weight: 5 }, server(2), server(3)];
    const same = { ...web, scheduler: 'wrr', servers } as const;
    expect(only(run(base, { type: 'replace', services: [same] }))).toBe(only(base));
    const model = run(
      base,
      { type: 'server.drain', service: web, server: server(2), admin: drained },
      { type: 'replace', services: [{ ...same, servers: [{ ...server(1), weight: 0 }, server(2)] }] },
    );
    expect(only(model).servers).toMatchObject([{ admin: drained }, { weight: 0, lastWeight: 5 }]);
  });

  test('drops services that it does not name', () => {
    const model = run(base, { type: 'replace', services: [{ ...web6, servers: [] }] });
    expect([...model.services.keys()]).toEqual(['tcp [2001:db8::1]:80']);
  });
});

describe('refusals', () => {
  const noWeb: Command[] = [
    { type: 'service.edit', service: web },
    { type: 'service.delete', service: web },
    { type: 'server.drain', service: web, server: server(1), admin: null },
    ...[add(1), edit(1), { type: 'server.delete', service: web, server: server(1) } as const],
  ];
  test.each(noWeb)('$type on a service that is not there', (command) => {
    expect(errorOf(emptyModel, command)).toMatchObject({ code: 'no-such-service', path: 'service' });
  });

  const tunnel = (change: object): Command => ({ type: 'tunnel.set', tunnel: change });
  const service = (change: object): Command => ({ type: 'service.add', service: { ...web6, ...change } });
  const spread = (address: string, prefix: number) => ({ address: address as Address, prefix });
  test.each<[Command, string, string]>([
    [addWeb, 'service-exists', 'service'],
    [add(1), 'server-exists', 'server'],
    [edit(9), 'no-such-server', 'server'],
    [{ type: 'server.delete', service: web, server: server(9) }, 'no-such-server', 'server'],
    [add(4, { lowerThreshold: 3, upperThreshold: 2 }), 'threshold-range', 'server.lowerThreshold'],
    [add(4, { lowerThreshold: 3 }), 'threshold-range', 'server.lowerThreshold'],
    [add(4, { address: '224.0.0.1' as Address }), 'address-not-unicast', 'server.address'],
    [edit(1, { weight: -1 }), 'invalid', 'server.weight'],
    [edit(1, { weight: 2147483648 }), 'invalid', 'server.weight'],
    [edit(1, { weight: 1.5 }), 'invalid', 'server.weight'],
    [add(4, { method: 'local' }), 'invalid', 'server.method'],
    [add(4, { port: 8080 }), 'invalid', 'server.port'],
    [add(4, { port: 8080, method: 'tun' }), 'invalid', 'server.port'],
    [add(4, { address: '10.0.0.04' }), 'invalid', 'server.address'],
    [edit(1, { port: 65536 }), 'invalid', 'server.port'],
    [service({ protocol: 'dccp' }), 'invalid', 'service.protocol'],
    [service({ scheduler: 'wlcr' as 'wlc' }), 'invalid', 'service.scheduler'],
    [service({ port: -1 }), 'invalid', 'service.port'],
    [service({ address: '::1%lo' }), 'invalid', 'service.address'],
    [service({ options: { ringSize: 4094 } }), 'invalid', 'service.options.ringSize'],
    [service({ options: { ringSize: 5 } }), 'invalid', 'service.options.ringSize'],
    [service({ options: { port: 1 } }), 'invalid', 'service.options.port'],
    [{ type: 'sysctl.set', values: { sloppy_tcp: 2 } }, 'invalid', 'values.sloppy_tcp'],
    [{ type: 'timeouts.set', timeouts: { udp: 0 } }, 'invalid', 'timeouts.udp'],
    [tunnel({ outerDf: 'maybe' }), 'invalid', 'tunnel.outerDf'],
    [tunnel({ spread4: spread('2001:db8::', 16) }), 'invalid', 'tunnel.spread4.address'],
    [tunnel({ spread4: spread('10.0.0.0', 33) }), 'invalid', 'tunnel.spread4.prefix'],
    [
      { type: 'replace', services: [{ ...web, servers: [{ ...server(4), address: '0.0.0.0' as Address }] }] },
      'address-not-unicast',
      'services[0].servers[0].address',
    ],
    [
      {
        type: 'replace',
        services: [
          { ...web, servers: [] },
          { ...web, servers: [] },
        ],
      },
      'service-exists',
      'services[1]',
    ],
    [
      { type: 'replace', services: [{ ...web, servers: [server(1), { ...server(2), weight: -1 }] }] },
      'invalid',
      'services[0].servers[1].weight',
    ],
    [
      { type: 'replace', services: [{ ...web, servers: [server(1), server(1)] }] },
      'server-exists',
      'services[0].servers[1]',
    ],
    [
      { type: 'replace', services: [{ ...web, servers: [server(1), server(2, 8080)] }] },
      'invalid',
      'services[0].servers[1].port',
    ],
  ])('%j: %s at %s', (command, code, path) => {
    const error = errorOf(base, command);
    expect(error).toMatchObject({ code, path });
    expect(error.message).not.toBe('');
  });

  test('say what was found and what was expected', () => {
    expect(errorOf(base, edit(1, { weight: -1 })).message).toBe('found -1, expected an integer from 0 to 2147483647');
    expect(errorOf(emptyModel, service({ options: { ringSize: 4094 } })).message).toBe(
      'found 4094, expected a prime, like 4099',
    );
    expect(errorOf(emptyModel, add(1)).message).toBe('there is no service 192.0.2.1:80/tcp');
  });

  test('of one command leave all of them undone, and say which one it was', () => {
    const applied = applyCommands(base, [edit(1, { weight: 9 }), add(4), edit(9), add(5)]);
    expect(applied).toMatchObject({ index: 2, error: { code: 'no-such-server' } });
    expect(only(base).servers[2]?.weight).toBe(5);
  });
});

test('tunnel settings change one by one', () => {
  const spread4 = { address: '198.18.0.0' as Address, prefix: 16 };
  const model = run(
    emptyModel,
    { type: 'tunnel.set', tunnel: { spread4 } },
    { type: 'tunnel.set', tunnel: { outerDf: 'clear' } },
  );
  expect(model.tunnel).toEqual({ outerDf: 'clear', spread4, spread6: null });
  expect(run(model, { type: 'tunnel.set', tunnel: { spread4: null } }).tunnel.spread4).toBeNull();
});
