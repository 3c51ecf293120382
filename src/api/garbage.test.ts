/** Ten thousand requests that nobody should send leave the server serving, and nothing changed. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { startFakeDaemon } from '../../test/api/fake-controller.ts';
import { get } from '../../test/api/http.ts';
import { ROUTES } from './routes.ts';

const ROUNDS = 10_000;
/** Connections at once. */
const WIDTH = 16;

const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'BREW', 'connect', '');
const path = fc.oneof(
  fc.constantFrom(
    ...ROUTES.map((route) => route.path),
    '/metrics',
    '/openapi.json',
    '/',
    '//',
    '*',
    'http://x/v1/status',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `/v1/${text}`),
  fc.webPath().map((text) => `/v1/services/${text}`),
  fc.webQueryParameters().map((text) => `/v1/connections?${text}`),
);
const command = fc.record(
  {
    type: fc.constantFrom('service.add', 'server.add', 'server.drain', 'tunnel.set', 'clear', 'replace', 'nothing', 7),
    service: fc.anything(),
    server: fc.anything(),
    services: fc.anything(),
    admin: fc.anything(),
  },
  { requiredKeys: [] },
);
// A body that is a good request would change something, and rightly: user is one letter too many.
const body = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.record({ commands: fc.array(command), user: fc.constant('x'.repeat(65)) }).map((value) => text(value)),
  fc.constantFrom('{"commands":', '['.repeat(10_000), '{"__proto__":{"x":1}}', '{"commands":[],"commands":7}', '\0'),
);
const header = fc.constantFrom(
  '',
  'content-length: -1\r\n',
  'content-length: 99999999999\r\n',
  'transfer-encoding: chunked\r\n',
  'transfer-encoding: chunked\r\ncontent-length: 3\r\n',
  'expect: 100-continue\r\n',
  'upgrade: websocket\r\nconnection: upgrade\r\n',
  'host: x\r\nhost: y\r\n',
  `x: ${'y'.repeat(20_000)}\r\n`,
);

function text(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

const request = fc
  .record({ method, path, header, body, whole: fc.boolean() })
  .map(({ method, path, header, body, whole }) => {
    const length = whole ? `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n` : header;
    return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: x\r\n${length}\r\n${body}`);
  });
/** Good HTTP to a route that takes a body. */
const posted = fc
  .record({ path: fc.constantFrom('/v1/commands', '/v1/interfaces/eth0/attach'), body })
  .map(({ path, body }) => {
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n`;
    return Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

/** Writes, reads a little and hangs up in the middle of whatever goes on. Gives the status, 0 where there is none. */
function throwAt(socketPath: string, bytes: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    const done = (data: unknown) => {
      socket.destroy();
      resolve(Number(/^HTTP\/1.1 (\d+)/.exec(String(data))?.[1] ?? 0));
    };
    socket.on('error', done);
    socket.once('data', done);
    socket.once('close', done);
    socket.once('connect', () => socket.end(bytes));
  });
}

it('serves on after ten thousand garbage requests', { timeout: 120_000 }, async () => {
  await using daemon = await startFakeDaemon();
  const seed = randomBytes(4).readInt32LE();
  const any = fc.oneof(
    { weight: 4, arbitrary: request },
    { weight: 5, arbitrary: posted },
    { weight: 1, arbitrary: noise },
  );
  const requests = fc.sample(any, { numRuns: ROUNDS, seed });
  let refused = 0;
  const senders = Array.from({ length: WIDTH }, async (_, first) => {
    for (let at = first; at < requests.length; at += WIDTH) {
      const status = await throwAt(daemon.socket, requests[at] ?? Buffer.of());
      if (status >= 400 && status < 500) refused += 1;
    }
  });
  await Promise.all(senders);
  expect(daemon.faults, `seed ${seed}`).toEqual([]);
  expect(daemon.controller.epoch, `seed ${seed}`).toBe(0);
  // The rest was harmless (a read, an unfinished body) or hung up on.
  expect(refused).toBeGreaterThan(ROUNDS * 0.9);
  expect(await get(daemon.socket, '/v1/status')).toMatchObject({ schema: 'xlb/1/status' });
});
