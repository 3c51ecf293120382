/** Masquerading with real hosts: both ways through the director, its ports mapped. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, type Family, serviceName } from './support/cluster.ts';

describe.each([1, 2] as const)('HTTP by nat through a director with %i arm(s)', (arms) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.build({ arms, nat: true });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const cases: [Family, number, number][] = [
    [4, 80, 80],
    [6, 80, 80],
    [4, 81, 8080],
    [6, 81, 8080],
  ];

  test.each(cases)('IPv%i, port %i to %i: each answers its turn, both ways are counted', async (family, port, real) => {
    const url = await cluster.addService(family, 'nat', { port, realPort: real });
    await cluster.expectEvenAnswers(url, 60);

    const [service] = (await cluster.services()).filter(({ name }) => name === serviceName(family, port));
    expect(service?.totals.connections_total).toBe(60);
    // At least SYN, ACK, request and FIN; SYN-ACK, answer, FIN.
    expect(service?.totals.packets_in_total).toBeGreaterThanOrEqual(4 * 60);
    expect(service?.totals.packets_out_total).toBeGreaterThanOrEqual(3 * 60);
    // The least that three packets of TCP can be, and what nginx answers.
    expect(service?.totals.bytes_out_total).toBeGreaterThan(60 * (3 * 40 + 100));
  });
});
