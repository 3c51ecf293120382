import { createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeDaemon, fakeConnections, startFakeDaemon } from '../../test/api/fake-controller.ts';
import type { AddressKey } from '../core/model/model.ts';
import { parseServiceKey } from '../core/model/service-key.ts';
import { ApiError, Client } from './client.ts';

const WEB = parseServiceKey('192.0.2.10:80/tcp') as AddressKey;

let daemon: FakeDaemon;
let client: Client;

beforeEach(async () => {
  daemon = await startFakeDaemon();
  client = new Client({ socket: daemon.socket });
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

async function errorOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

it('reads and changes', async () => {
  const server = { address: WEB.address, port: 80, weight: 3, upperThreshold: 9 };
  const report = await client.execute(
    [
      { type: 'service.add', service: { ...WEB, options: { ringSize: 251 } } },
      { type: 'server.add', service: WEB, server },
    ],
    { user: 'alice' },
  );
  expect(report.changes).toHaveLength(2);
  expect(await client.service(WEB)).toMatchObject({ options: { ring_size: 251 }, servers: [{ upper_threshold: 9 }] });
  expect((await client.services()).services).toHaveLength(1);
  expect((await client.services(WEB)).services).toHaveLength(1);
  expect((await client.servers(WEB)).servers).toMatchObject([{ service: '192.0.2.10:80/tcp' }]);
  expect((await client.status()).health).toBe('ok');
  expect((await client.stats()).counters.length).toBeGreaterThan(0);
  expect((await client.document()).services).toHaveLength(1);
  expect((await client.zero()).services).toBe(1);
  expect((await client.attach('eth7', 'auto')).interface.name).toBe('eth7');
  expect((await client.interfaces()).interfaces.map(({ name }) => name)).toContain('eth7');
  expect((await client.detach('eth7')).interface).toBe('eth7');
});

it('lists connections in batches', async () => {
  daemon.controller.entries = fakeConnections(5000);
  const batches = client.connections({ limit: '4321' });
  const got = [];
  for (;;) {
    const { value, done } = await batches.next();
    if (done) {
      expect(value).toBe(true);
      break;
    }
    got.push(...value);
  }
  expect(got).toEqual(daemon.controller.entries.slice(0, 4321));
});

describe('says what went wrong', () => {
  it('of a refused command: code, which one, where', async () => {
    const missing = { type: 'server.delete', service: WEB, server: { address: WEB.address, port: 80 } } as const;
    const error = await errorOf(client.execute([{ type: 'clear' }, missing]));
    expect(error).toMatchObject({ code: 'no-such-service', status: 404, index: 1, commandPath: 'service' });
  });

  it('where nobody is: which socket, and what to do', async () => {
    const socket = join(daemon.runDir, 'other', 'xlb.sock');
    const error = await errorOf(new Client({ socket }).status());
    expect(error.code).toBe('unreachable');
    expect(error.message).toBe(
      `xlbd does not answer at ${socket}: there is no such socket.\n` +
        'Is it started? systemctl start xlbd. Does it run elsewhere? --run-dir DIR',
    );
  });

  it('where a daemon died: nobody listens', async () => {
    const socket = join(daemon.runDir, 'dead.sock');
    const { spawnSync } = await import('node:child_process');
    const script = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ['-e', script]);
    expect((await errorOf(new Client({ socket }).status())).message).toContain('nobody listens there');
  });

  it('where it hangs', async () => {
    const socket = join(daemon.runDir, 'hung.sock');
    const server = createNetServer().listen(socket);
    const error = await errorOf(new Client({ socket, timeout: 100 }).status());
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('does not answer') });
    server.close();
  });

  it('where something else answers', async () => {
    const socket = join(daemon.runDir, 'else.sock');
    let body = '{"schema":"xlb/1/status","health":"fine"}';
    const server = createServer((_request, response) => response.end(body)).listen(socket);
    const other = new Client({ socket });
    expect((await errorOf(other.status())).code).toBe('broken-answer');
    body = '<html>';
    expect((await errorOf(other.status())).code).toBe('broken-answer');
    expect((await errorOf(other.connections().next())).code).toBe('broken-answer');
    server.close();
  });

  it('where a listing breaks off', async () => {
    daemon.controller.entries = fakeConnections(10);
    daemon.controller.connections = async function* () {
      yield fakeConnections(5);
      throw new Error('map is gone');
    };
    const batches = client.connections();
    const read = async () => {
      while (!(await batches.next()).done);
    };
    expect((await errorOf(read())).code).toBe('unreachable');
  });
});
