import { expect, it, vi } from 'vitest';
import { startFakeDaemon } from '../../test/api/fake-controller.ts';
import { post } from '../../test/api/http.ts';
import { parseServiceKey } from '../core/model/service-key.ts';
import { Client } from './client.ts';

it('tells every listener what changes, and forgets those who leave', async () => {
  await using daemon = await startFakeDaemon();
  const stop = new AbortController();
  const events = new Client({ socket: daemon.socket, signal: stop.signal }).events();
  const first = events.next();
  await vi.waitFor(() => expect(daemon.controller.listeners.size).toBe(1));
  const service = parseServiceKey('192.0.2.10:80/tcp');
  await post(daemon.socket, '/v1/commands', { commands: [{ type: 'service.add', service }], user: 'alice' });
  expect(await first).toMatchObject({
    value: { type: 'change', subject: '192.0.2.10:80/tcp', user: 'alice', epoch: 1 },
  });
  const second = events.next();
  daemon.controller.emit({ type: 'problem', subject: 'eth0', text: 'link is\ndown', user: null });
  expect(await second).toMatchObject({ value: { type: 'problem', text: 'link is\ndown' } });
  stop.abort();
  await expect(events.next()).rejects.toThrow();
  await vi.waitFor(() => expect(daemon.controller.listeners.size).toBe(0));
});

it('drops a listener that does not read', async () => {
  await using daemon = await startFakeDaemon();
  const { connect } = await import('node:net');
  const socket = connect({ path: daemon.socket });
  socket.pause();
  socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n');
  await vi.waitFor(() => expect(daemon.controller.listeners.size).toBe(1));
  const text = 'x'.repeat(10_000);
  for (let round = 0; round < 200; round++) {
    daemon.controller.emit({ type: 'problem', subject: 'eth0', text, user: null });
    if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.waitFor(() => expect(daemon.controller.listeners.size).toBe(0));
  socket.destroy();
});
