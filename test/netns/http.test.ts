import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, type Family, type Method, serviceName } from './support/cluster.ts';

describe.each([1, 2] as const)('HTTP through a director with %i arm(s)', (arms) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.build({ arms });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const cases: [Method, Family, number][] = [
    ['dr', 4, 80],
    ['dr', 6, 80],
    ['tun', 4, 8080],
    ['tun', 6, 8080],
  ];

  test.each(cases)('%s over IPv%i: each answers its turn, and all are counted', async (method, family, port) => {
    const url = await cluster.addService(family, method, { port });
    await cluster.expectEvenAnswers(url, 60);

    const [service] = (await cluster.services()).filter(({ name }) => name === serviceName(family, port));
    expect(service?.totals.connections_total).toBe(60);
    expect(service?.servers.map(({ totals }) => totals.connections_total)).toEqual([20, 20, 20]);
    // At least SYN, ACK, request and FIN.
    expect(service?.totals.packets_in_total).toBeGreaterThanOrEqual(4 * 60);
  });

  test('a large answer comes whole', async () => {
    const { stdout } = await cluster.client.tryRun('curl', [
      '-s',
      '-m',
      '20',
      '-o',
      '/dev/null',
      '-w',
      '%{size_download}',
      'http://192.0.2.100/large',
    ]);
    expect(Number(stdout)).toBe(8 << 20);
  });

  test('what is not a service goes to the director itself', async () => {
    const { code } = await cluster.client.tryRun('curl', ['-s', '-m', '2', 'http://192.0.2.100:81/']);
    // Refused by its kernel, which nothing listens on.
    expect(code).toBe(7);
  });
});
