/** Attaching and detaching, and what stands in the way. */
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Daemon, SERVER, SERVICE } from './support/daemon.ts';

const PASS = resolve(import.meta.dirname, '../../build/scripts/lab/bpf/pass.bpf.o');

async function find(daemon: Daemon, name: string) {
  return (await daemon.client.interfaces()).interfaces.find((each) => each.name === name);
}

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start({ interfaces: ['eth0', 'veth7'] });
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe('attach', () => {
  test('natively, with fragments where frames take more than a page, kept over a restart, and off again', async () => {
    const { client, director, host } = daemon;
    const { interface: report, warnings } = await client.attach('eth1', 'auto');
    expect(report).toMatchObject({ name: 'eth1', mode: 'native', requested: 'auto', problem: null, fragments: false });
    expect(warnings).toEqual([]);
    await expect(client.attach('eth1', 'auto')).rejects.toMatchObject({ code: 'already-attached' });
    const create = ['link', 'add', 'big0', 'mtu', '9000', 'type', 'veth', 'peer', 'name', 'big1', 'mtu', '9000'];
    await host.run('ip', create);
    expect((await client.attach('big0', 'native')).interface).toMatchObject({ mode: 'native', fragments: true });

    await director.stopDaemon('SIGKILL');
    expect(await daemon.attached('eth1')).toBe(true);
    await director.startDaemon();
    expect(await find(daemon, 'eth1')).toMatchObject({ mode: 'native', problem: null });
    expect(await find(daemon, 'big0')).toMatchObject({ mode: 'native', fragments: true });

    expect(await client.detach('eth1')).toMatchObject({ interface: 'eth1' });
    expect(await daemon.attached('eth1')).toBe(false);
    await expect(client.detach('eth1')).rejects.toMatchObject({ code: 'not-attached' });
    await director.stopDaemon();
    await director.startDaemon();
    expect(await find(daemon, 'eth1')).toBeUndefined();
    expect(await find(daemon, 'big0')).toMatchObject({ mode: 'native', fragments: true });
    await client.detach('big0');
  });

  test('generic where it is asked for, and shown as a problem', async () => {
    await using generic = await Daemon.start({ args: ['--connections', '4096', '--xdp-mode', 'generic'] });
    expect(await find(generic, 'eth0')).toMatchObject({ mode: 'generic', problem: null });
    const { problems, health } = await generic.client.status();
    expect(problems.map(({ id, subject }) => [id, subject])).toContainEqual(['generic-mode', 'eth0']);
    expect(health).toBe('degraded');
  });

  test('refused where another program is, which stays', async () => {
    await daemon.host.run('ip', ['link', 'set', 'eth1', 'xdpdrv', 'obj', PASS, 'sec', 'xdp']);
    const before = await daemon.host.run('ip', ['link', 'show', 'dev', 'eth1']);
    await expect(daemon.client.attach('eth1', 'auto')).rejects.toMatchObject({
      code: 'interface-busy',
      message: expect.stringMatching(/XDP program \d+ \(native\) is attached to eth1 already/),
    });
    expect(await daemon.host.run('ip', ['link', 'show', 'dev', 'eth1'])).toBe(before);

    const { director, lab } = daemon;
    const words = ['-i', 'eth1', '--run-dir', lab.path('other'), '--bpffs', lab.path('other-bpf')];
    const { code, stderr } = await daemon.second([...words, '--connections', '1024']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('is attached to eth1 already')]);
    expect(await find(daemon, 'eth0')).toMatchObject({ mode: 'native', problem: null });
    expect(director.log()).not.toContain('put right');
    await daemon.host.run('ip', ['link', 'set', 'dev', 'eth1', 'xdp', 'off']);
  });

  test.each(['xdpdrv', 'xdpgeneric'])('where another program is by %s, what is advised takes it off', async (how) => {
    await daemon.host.run('ip', ['link', 'set', 'eth1', how, 'obj', PASS, 'sec', 'xdp']);
    const refusal: Error = await daemon.client.attach('eth1', 'auto').then(
      () => expect.unreachable(),
      (error) => error,
    );
    const advised = /\(without a link: ip (link set dev eth1 \w+ off)\)/.exec(refusal.message)?.[1] ?? '';
    await daemon.host.run('ip', advised.split(' '));
    await daemon.client.attach('eth1', 'auto');
    await daemon.client.detach('eth1');
  });

  test('refused where there is nothing, or no Ethernet', async () => {
    await expect(daemon.client.attach('eth7', 'auto')).rejects.toMatchObject({ code: 'no-such-interface' });
    await expect(daemon.client.attach('lo', 'auto')).rejects.toMatchObject({ code: 'not-supported' });
    expect((await daemon.client.interfaces()).interfaces.map(({ name }) => name)).toEqual(['eth0', 'veth7']);
  });
});

test('an interface that goes away is attached again when it comes back', async () => {
  expect((await find(daemon, 'veth7'))?.problem).toMatch(/there is no interface veth7/);
  const create = ['link', 'add', 'veth7', 'type', 'veth', 'peer', 'name', 'veth8'];
  for (const round of [1, 2]) {
    await daemon.host.run('ip', create);
    await expect.poll(() => find(daemon, 'veth7'), { message: `round ${round}` }).toMatchObject({ mode: 'native' });
    await daemon.host.run('ip', ['link', 'del', 'veth7']);
    await expect.poll(() => find(daemon, 'veth7')).toMatchObject({ mode: null, ifindex: null });
  }
  const { problems } = await daemon.client.status();
  expect(problems.map(({ id, subject }) => [id, subject])).toContainEqual(['not-attached', 'veth7']);
});

test('an interface that frames only leave by is known, and named as a problem', async () => {
  const server = { ...SERVER, address: daemon.lab.host('rs1').address4 as typeof SERVER.address };
  await daemon.client.execute([
    { type: 'service.add', service: { ...SERVICE, scheduler: 'rr' } },
    { type: 'server.add', service: SERVICE, server },
  ]);
  const [service] = (await daemon.client.services()).services;
  expect(service?.servers[0]?.next_hop).toMatchObject({ interface: 'eth1', reason: null });
  const { problems } = await daemon.client.status();
  expect(problems.map(({ id, subject }) => [id, subject])).toContainEqual(['egress-not-attached', 'eth1']);
  await daemon.client.attach('eth1', 'auto');
  expect((await daemon.client.status()).problems).toEqual([expect.objectContaining({ subject: 'veth7' })]);
});

test('an interface that is renamed stays attached', async () => {
  await daemon.host.run('ip', ['link', 'set', 'dev', 'eth0', 'down']);
  await daemon.host.run('ip', ['link', 'set', 'dev', 'eth0', 'name', 'lan0']);
  await daemon.host.run('ip', ['link', 'set', 'dev', 'lan0', 'up']);
  await expect.poll(() => find(daemon, 'lan0')).toMatchObject({ mode: 'native', problem: null });
  expect(await find(daemon, 'eth0')).toBeUndefined();
});
