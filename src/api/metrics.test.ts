import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { FakeController, startFakeDaemon } from '../../test/api/fake-controller.ts';
import { post, send } from '../../test/api/http.ts';
import { listenTcp } from './listen.ts';
import { createMetrics } from './metrics.ts';
import { createMetricsServer } from './server.ts';

const SERVICE = { protocol: 'tcp', address: '2001:db8::10', port: 443 };
const SETUP = {
  commands: [
    { type: 'service.add', service: SERVICE },
    { type: 'server.add', service: SERVICE, server: { address: '2001:db8::11' } },
    { type: 'server.add', service: SERVICE, server: { address: '10.0.0.12', method: 'tun', weight: 0 } },
  ],
};

it('shows every service, real server and reason', async () => {
  await using daemon = await startFakeDaemon();
  await post(daemon.socket, '/v1/commands', SETUP);
  const { body, headers } = await send(daemon.socket, 'GET', '/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain/);
  for (const line of [
    'xlb_info{version="0.1.0"} 1',
    'xlb_service_connections_total{service="[2001:db8::10]:443/tcp"} 3400000',
    'xlb_service_connections{service="[2001:db8::10]:443/tcp",state="active"} 116001',
    'xlb_service_real_servers{service="[2001:db8::10]:443/tcp",state="quiesced"} 1',
    'xlb_server_up{service="[2001:db8::10]:443/tcp",server="[2001:db8::11]:443",method="dr"} 1',
    'xlb_server_up{service="[2001:db8::10]:443/tcp",server="10.0.0.12:443",method="tun"} 0',
    'xlb_server_weight{service="[2001:db8::10]:443/tcp",server="10.0.0.12:443",method="tun"} 0',
    'xlb_packets_total{kind="drop",reason="drop_no_next_hop"} 13574',
    'xlb_events_total{reason="icmp_sent"} 35786',
    'xlb_connection_table_capacity 1048576',
    'xlb_epoch 1',
    'xlb_interface_attached{interface="eth0",mode="native"} 1',
  ]) {
    expect(body.split('\n')).toContain(line);
  }
  expect(body).toContain('process_resident_memory_bytes');
});

it('forgets what is gone and counts nothing twice', async () => {
  await using daemon = await startFakeDaemon();
  await post(daemon.socket, '/v1/commands', SETUP);
  const first = await send(daemon.socket, 'GET', '/metrics');
  const second = await send(daemon.socket, 'GET', '/metrics');
  const own = ({ body }: { body: string }) => body.split('\n').filter((line) => line.startsWith('xlb_'));
  expect(own(second)).toEqual(own(first));
  await post(daemon.socket, '/v1/commands', { commands: [{ type: 'clear' }] });
  expect((await send(daemon.socket, 'GET', '/metrics')).body).not.toContain('2001:db8::10');
});

it('gives scrapes that come together one answer', async () => {
  const controller = new FakeController();
  let reads = 0;
  const { stats } = controller;
  controller.stats = () => {
    reads += 1;
    return stats.call(controller);
  };
  const metrics = createMetrics(controller);
  await Promise.all(Array.from({ length: 50 }, () => metrics.text()));
  expect(reads).toBe(1);
  await metrics.text();
  expect(reads).toBe(2);
});

function fetchTcp(port: number, method: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sending = request({ host: '127.0.0.1', port, method, path, agent: false }, async (response) =>
      resolve({ status: response.statusCode ?? 0, body: await text(response) }),
    );
    sending.on('error', reject);
    sending.end();
  });
}

it('serves metrics over TCP and nothing else', async () => {
  const faults: unknown[] = [];
  const metrics = createMetrics(new FakeController());
  const listening = await listenTcp(
    createMetricsServer({ metrics, onFault: (fault) => faults.push(fault) }),
    '127.0.0.1',
    0,
  );
  expect(await fetchTcp(listening.port, 'GET', '/metrics')).toMatchObject({ status: 200 });
  for (const path of ['/v1/status', '/openapi.json', '/v1/commands', '/']) {
    expect((await fetchTcp(listening.port, 'GET', path)).status).toBe(404);
    expect((await fetchTcp(listening.port, 'POST', path)).status).toBe(404);
  }
  expect((await fetchTcp(listening.port, 'POST', '/metrics')).status).toBe(405);
  expect(faults).toEqual([]);
  await listening.close();
});
