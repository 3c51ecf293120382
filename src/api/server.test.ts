import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeDaemon, startFakeDaemon } from '../../test/api/fake-controller.ts';
import { type Answer, get, post, send } from '../../test/api/http.ts';
import { MAX_BODY } from './body.ts';

const SERVICE = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
const SERVER = { address: '10.0.0.11', port: 80 };
const ADD = [
  { type: 'service.add', service: { ...SERVICE, scheduler: 'mh', options: { ring_size: 65537 } } },
  { type: 'server.add', service: SERVICE, server: { ...SERVER, method: 'tun', weight: 3 } },
];

let daemon: FakeDaemon;

beforeEach(async () => {
  daemon = await startFakeDaemon();
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

function errorOf({ body }: Answer): { code: string; message: string; path: string } {
  return JSON.parse(body).error;
}

describe('reading', () => {
  it.each([
    'status',
    'services',
    'servers',
    'connections',
    'stats',
    'interfaces',
    'vrrp',
    'sync',
    'doctor',
    'document',
  ])('answers %s in the envelope', async (name) => {
    await post(daemon.socket, '/v1/commands', { commands: ADD });
    const report = (await get(daemon.socket, `/v1/${name}`)) as Record<string, unknown>;
    expect(report).toMatchObject({ schema: `xlb/1/${name}`, host: 'lb1', epoch: 1 });
    expect(Date.parse(String(report['time']))).toBeGreaterThan(0);
  });

  it.each(['/v1/services/192.0.2.10:80/tcp', '/v1/services/192.0.2.10%3A80%2Ftcp'])(
    'finds one service at %s',
    async (path) => {
      await post(daemon.socket, '/v1/commands', { commands: ADD });
      expect(await get(daemon.socket, path)).toMatchObject({
        service: { name: '192.0.2.10:80/tcp', scheduler: 'mh', options: { ring_size: 65537 }, servers: [SERVER] },
      });
    },
  );

  it('narrows servers and services to one service', async () => {
    await post(daemon.socket, '/v1/commands', {
      commands: [...ADD, { type: 'service.add', service: { ...SERVICE, port: 81 } }],
    });
    const query = '?service=192.0.2.10:80/tcp';
    expect(await get(daemon.socket, `/v1/services${query}`)).toMatchObject({ services: [{ port: 80 }] });
    expect(await get(daemon.socket, `/v1/servers${query}`)).toMatchObject({ servers: [SERVER] });
    expect(errorOf(await send(daemon.socket, 'GET', '/v1/servers?service=192.0.2.9:80/tcp')).code).toBe(
      'no-such-service',
    );
  });
});

describe('changing', () => {
  it('applies all commands or none', async () => {
    const before = JSON.stringify(await daemon.controller.document());
    const answer = await post(daemon.socket, '/v1/commands', { commands: [...ADD, ADD[1]] });
    expect(answer.status).toBe(409);
    expect(errorOf(answer)).toMatchObject({ code: 'server-exists', path: expect.stringContaining('commands[2]') });
    expect(JSON.stringify(await daemon.controller.document())).toBe(before);
  });

  it('says what would change and changes nothing with dry_run', async () => {
    const answer = await post(daemon.socket, '/v1/commands', { commands: ADD, dry_run: true });
    expect(JSON.parse(answer.body)).toMatchObject({
      dry_run: true,
      changes: [
        { action: 'add', kind: 'service', service: '192.0.2.10:80/tcp', text: 'mh, ring of 65537' },
        { action: 'add', kind: 'server', server: '10.0.0.11:80', text: 'tun, weight 3' },
      ],
    });
    expect(daemon.controller.model.services.size).toBe(0);
  });

  it('notes who drains a server and when', async () => {
    const drain = { type: 'server.drain', service: SERVICE, server: { address: '10.0.0.11' } };
    const admin = { action: 'drain', reason: 'kernel update' };
    const before = Date.now();
    await post(daemon.socket, '/v1/commands', { commands: [...ADD, { ...drain, admin }], user: 'alice' });
    const [service] = [...daemon.controller.model.services.values()];
    expect(service?.servers[0]?.admin).toMatchObject({ ...admin, by: 'alice' });
    expect(service?.servers[0]?.admin?.at).toBeGreaterThanOrEqual(before);
    const kept = { ...admin, by: 'bob', at: '2026-01-02T03:04:05.000Z' };
    await post(daemon.socket, '/v1/commands', { commands: [{ ...drain, admin: kept }], user: 'alice' });
    const [again] = [...daemon.controller.model.services.values()];
    expect(again?.servers[0]?.admin).toEqual({ ...admin, by: 'bob', at: Date.parse(kept.at) });
  });

  it('zeroes one service, all, or says that there is none', async () => {
    await post(daemon.socket, '/v1/commands', { commands: ADD });
    expect(JSON.parse((await post(daemon.socket, '/v1/zero', { service: SERVICE })).body)).toMatchObject({
      services: 1,
    });
    expect((await send(daemon.socket, 'POST', '/v1/zero')).status).toBe(200);
    expect(daemon.controller.zeroed).toEqual(['192.0.2.10:80/tcp', '']);
    const other = { ...SERVICE, port: 81 };
    expect((await post(daemon.socket, '/v1/zero', { service: other })).status).toBe(404);
  });

  it('attaches and detaches', async () => {
    const attached = await post(daemon.socket, '/v1/interfaces/eth1/attach', { mode: 'generic' });
    expect(JSON.parse(attached.body)).toMatchObject({ interface: { name: 'eth1', mode: 'generic' } });
    expect((await send(daemon.socket, 'POST', '/v1/interfaces/eth1/detach')).status).toBe(200);
    expect(errorOf(await post(daemon.socket, '/v1/interfaces/eth1/detach', {})).code).toBe('not-attached');
    expect((await post(daemon.socket, '/v1/interfaces/wlan0/attach', {})).status).toBe(404);
  });
});

describe('refusing', () => {
  const oversized = JSON.stringify({ commands: [], user: 'x'.repeat(MAX_BODY) });
  const TOO_LARGE = {
    code: 'too-large',
    message: expect.stringMatching(/^a request body is at most 1048576 bytes, found 1048601: .* several requests$/),
  };
  const command = (fields: object) => JSON.stringify({ commands: [{ type: 'server.add', ...fields }] });

  it.each([
    ['an unknown route', 'GET', '/v1/nothing', '', 404, { code: 'no-such-route' }],
    ['a route of another version', 'GET', '/v2/status', '', 404, { code: 'no-such-route' }],
    ['a wrong method', 'POST', '/v1/status', '{}', 405, { code: 'wrong-method' }],
    ['a wrong method on metrics', 'DELETE', '/metrics', '', 405, { code: 'wrong-method' }],
    ['a path that is none', 'GET', '//', '', 400, { code: 'invalid' }],
    ['broken percent-encoding', 'GET', '/v1/services/%zz', '', 400, { code: 'invalid' }],
    ['an unknown parameter', 'GET', '/v1/services?sort=x', '', 400, { code: 'unknown-field', path: 'sort' }],
    ['a name that is no service', 'GET', '/v1/services/web', '', 400, { code: 'invalid' }],
    ['an unknown service', 'GET', '/v1/services/192.0.2.9:80/tcp', '', 404, { code: 'no-such-service' }],
    ['a filter that is none', 'GET', '/v1/connections?real=10.0.0', '', 400, { code: 'invalid', path: 'real' }],
    ['a limit that is none', 'GET', '/v1/connections?limit=-1', '', 400, { code: 'invalid', path: 'limit' }],
    ['a body over 1 MiB', 'POST', '/v1/commands', oversized, 413, TOO_LARGE],
    [
      'broken JSON',
      'POST',
      '/v1/commands',
      '{"commands":\n [}',
      400,
      { message: expect.stringMatching(/line 2, column 3/) },
    ],
    [
      'JSON that is cut off',
      'POST',
      '/v1/commands',
      '{"commands":',
      400,
      { message: expect.stringMatching(/end of text/) },
    ],
    ['text that is not UTF-8', 'POST', '/v1/zero', Buffer.from([0x22, 0xff, 0x22]), 400, { code: 'broken-json' }],
    ['no object', 'POST', '/v1/commands', '7', 400, { code: 'invalid', path: '' }],
    ['no commands', 'POST', '/v1/commands', '{}', 400, { path: 'commands' }],
    ['an unknown field', 'POST', '/v1/commands', '{"commands":[],"x":1}', 400, { code: 'unknown-field', path: 'x' }],
    ['an unknown command', 'POST', '/v1/commands', '{"commands":[{"type":"x"}]}', 400, { path: 'commands[0].type' }],
    [
      'a wrong type deep inside',
      'POST',
      '/v1/commands',
      command({ service: SERVICE, server: { ...SERVER, weight: '3' } }),
      400,
      { path: 'commands[0].server.weight', message: 'expected number, found string' },
    ],
    [
      'an unknown field deep inside',
      'POST',
      '/v1/commands',
      command({ service: SERVICE, server: { ...SERVER, wight: 3 } }),
      400,
      { code: 'unknown-field', path: 'commands[0].server.wight' },
    ],
    [
      'an address that is none',
      'POST',
      '/v1/commands',
      command({ service: { ...SERVICE, address: '010.1' }, server: SERVER }),
      400,
      { path: 'commands[0].service.address' },
    ],
    [
      'a number out of range',
      'POST',
      '/v1/commands',
      command({ service: { ...SERVICE, port: 65536 }, server: SERVER }),
      400,
      { path: 'commands[0].service.port' },
    ],
    ['a wrong mode', 'POST', '/v1/interfaces/eth0/attach', '{"mode":"fast"}', 400, { path: 'mode' }],
  ] as const)('refuses %s', async (_what, method, path, body, status, error) => {
    const answer = await send(daemon.socket, method, path, body);
    expect(answer.status).toBe(status);
    expect(errorOf(answer)).toMatchObject(error);
    expect(daemon.controller.epoch).toBe(0);
    expect(daemon.faults).toEqual([]);
  });

  it('names the methods that a route takes', async () => {
    expect((await send(daemon.socket, 'PUT', '/v1/commands')).headers['allow']).toBe('POST');
  });

  it('answers a fault of ours with 500 and tells the log', async () => {
    daemon.controller.stats = () => Promise.reject(new Error('map is gone'));
    const answer = await send(daemon.socket, 'GET', '/v1/stats');
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('map is gone');
    expect(daemon.faults).toEqual([expect.objectContaining({ message: 'map is gone' })]);
  });

  it('refuses what is not HTTP', async () => {
    const answer = await raw(daemon.socket, 'EHLO xlb\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 [\s\S]*"not-http"/);
  });
});

/** Writes `bytes` and reads until the server closes; a reset counts as closing. */
function raw(path: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ path }, () => socket.write(bytes));
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

describe('limits', () => {
  it('closes connections that say nothing, or too little', async () => {
    await using impatient = await startFakeDaemon(undefined, {
      headersTimeout: 200,
      requestTimeout: 300,
      connectionsCheckingInterval: 50,
      idle: 400,
    });
    const started = Date.now();
    const answers = await Promise.all([
      raw(impatient.socket, ''),
      raw(impatient.socket, 'GET /v1/status HTT'),
      raw(impatient.socket, 'POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{'),
    ]);
    expect(Date.now() - started).toBeLessThan(5000);
    expect(answers[2]).toMatch(/^HTTP\/1.1 408 /);
    expect((await send(impatient.socket, 'GET', '/v1/status')).status).toBe(200);
  });

  it('has room for others while one floods it with connections', async () => {
    await using small = await startFakeDaemon(undefined, { connections: 5, headersTimeout: 200, idle: 300 });
    const flood = Array.from({ length: 20 }, () => raw(small.socket, ''));
    await Promise.all(flood);
    expect((await send(small.socket, 'GET', '/v1/status')).status).toBe(200);
  });
});
