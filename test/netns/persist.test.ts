/** Persistence with real clients: curl behind the client's address, nginx on three real servers. */
import { expect, test } from 'vitest';
import { Cluster, serverAddress, serviceName } from './support/cluster.ts';

test('a client stays with one real server, through -w 0, and leaves it when it is deleted', async () => {
  await using cluster = await Cluster.build();
  const url = await cluster.addService(4, 'dr');
  const endpoint = serviceName(4).replace('/tcp', '');
  await cluster.director.xlb(['ipvsadm', '-E', '-t', endpoint, '-s', 'rr', '-p', '300']);

  const first = await cluster.request(url, 12);
  const [chosen = ''] = first.by.keys();
  expect({ by: Object.fromEntries(first.by), failed: first.failed }).toEqual({ by: { [chosen]: 12 }, failed: 0 });

  const server = `${serverAddress(4, cluster.lab.host(chosen))}:80`;
  await cluster.director.xlb(['ipvsadm', '-e', '-t', endpoint, '-r', server, '-g', '-w', '0']);
  expect(Object.fromEntries((await cluster.request(url, 6)).by)).toEqual({ [chosen]: 6 });
  const listed = await cluster.director.xlb(['ipvsadm', '-L', '-n', '-c']);
  expect(listed).toMatch(new RegExp(`ASSURED +[\\d.]+:0 +${endpoint} +${server}`));

  await cluster.director.xlb(['ipvsadm', '-d', '-t', endpoint, '-r', server]);
  const moved = await cluster.request(url, 6);
  expect(moved.failed).toBe(0);
  expect([...moved.by.values()]).toEqual([6]);
  expect(moved.by.has(chosen)).toBe(false);
});
