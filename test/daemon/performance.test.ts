/** How long large changes take; asserted loosely, printed exactly. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { standardSpec } from '../../scripts/lab/spec.ts';
import { Client } from '../../src/api/client.ts';
import type { Command } from '../../src/core/model/command.ts';
import type { Address, ServiceKey } from '../../src/core/model/model.ts';

const SERVICES = 1000;
const SERVERS = 10;

const key = (n: number): ServiceKey => ({
  protocol: 'tcp',
  address: `198.18.${n >> 8}.${n & 255}` as Address,
  port: 80,
});
const server = (n: number) => ({ address: `192.0.2.${31 + n}` as Address, port: 80 });

function services() {
  return Array.from({ length: SERVICES }, (_, n) => ({
    ...key(n),
    scheduler: 'wrr' as const,
    servers: Array.from({ length: SERVERS }, (_, i) => ({ ...server(i), weight: i + 1 })),
  }));
}

async function timed<T>(what: string, task: () => Promise<T>): Promise<number> {
  const start = performance.now();
  await task();
  const took = performance.now() - start;
  console.log(`${what}: ${took.toFixed(1)} ms`);
  return took;
}

/** Milliseconds until the daemon's "ready", by its log: the first question of a client here takes longer than a start. */
async function startTook(what: string, start: () => Promise<Director>): Promise<{ director: Director; took: number }> {
  const began = Date.now();
  const director = await start();
  const lines = director.log().trim().split('\n');
  const ready = lines.map((line) => JSON.parse(line)).findLast(({ msg }) => msg.startsWith('ready:'));
  const took = Date.parse(ready.time) - began;
  console.log(`${what}: ${took} ms`);
  return { director, took };
}

/** A virtual router, and a service whose real server does not answer. */
const configFile = (kind: string) => `
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  virtual_ipaddress { 192.0.2.100 }
}
virtual_server 192.0.2.100 80 {
  lb_kind ${kind}
  protocol TCP
  real_server 192.0.2.99 80 { weight 1 }
}
`;

test('starts with a file', async () => {
  await using lab = await Lab.build(standardSpec({ clients: 0, realServers: 0, directors: 2, vips: [] }));
  for (const [i, kind] of ['DR', 'NAT'].entries()) {
    const file = lab.path(kind);
    writeFileSync(file, configFile(kind));
    const start = () => Director.start(lab.host(`director${i + 1}`), { args: ['-f', file] });
    const { director, took } = await startTook(`a start that makes a new data plane, by a file with ${kind}`, start);
    expect(director.log()).toContain('VI_1: INIT -> BACKUP');
    expect(took).toBeLessThan(15_000); // ten times what it takes, for busy machines
  }
});

test('a thousand services with ten real servers each', async () => {
  await using lab = await Lab.build(standardSpec({ clients: 0, realServers: SERVERS }));
  const { director, took: made } = await startTook('a start that makes a new data plane', () =>
    Director.start(lab.host('director1')),
  );
  await director.stopDaemon('SIGTERM');
  const { took: adopted } = await startTook('a start that adopts it', async () => {
    await director.startDaemon();
    return director;
  });
  const client = new Client({ socket: join(director.runDirectory, 'xlb.sock') });

  // One server after another first, so that the neighbours are known: their answers are not what is measured.
  await client.execute([{ type: 'replace', services: [services()[0]!] }]);
  await client.execute([{ type: 'clear' }]);
  const all = await timed(`${SERVICES} services x ${SERVERS} real servers from nothing`, () =>
    client.execute([{ type: 'replace', services: services() }]),
  );
  const weights: number[] = [];
  for (let i = 0; i < 50; i++) {
    const change: Command = { type: 'server.edit', service: key(500 + i), server: { ...server(3), weight: 50 + i } };
    const start = performance.now();
    await client.execute([change]);
    weights.push(performance.now() - start);
  }
  weights.sort((a, b) => a - b);
  console.log(`one weight among them: ${weights[0]?.toFixed(1)} ms at best, ${weights[25]?.toFixed(1)} as a rule`);
  await timed('listing all of it', () => client.services());

  const { services: listed } = await client.services(key(503));
  expect(listed[0]?.servers.find(({ address }) => address === '192.0.2.34')?.weight.effective).toBe(53);
  expect((await client.status()).services.up).toBe(SERVICES);
  expect(director.log()).not.toContain('put right');
  // Ten times what it takes, for busy machines.
  expect(Math.max(made, adopted)).toBeLessThan(15_000);
  expect(all).toBeLessThan(20_000);
  expect(weights[0]).toBeLessThan(200);
});
