import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../scripts/lab/host.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import type { HostSpec } from '../../scripts/lab/spec.ts';
import { ResolverDriver } from '../support/resolver-driver.ts';

const VIP = '192.0.2.100';

function hostSpec(name: string, number: number): HostSpec {
  const hex = number.toString(16).padStart(2, '0');
  const addresses = [`192.0.2.${number}/24`, `2001:db8::${number}/64`];
  return { name, ports: [{ lan: 'a', addresses, mac: `02:00:00:00:00:${hex}` }] };
}

let lab: Lab;
let director: Host;
let server: Host;
let router: Host;

beforeAll(async () => {
  lab = await Lab.build({ hosts: [hostSpec('director', 1), hostSpec('server', 2), hostSpec('router', 3)] });
  [director, server, router] = lab.hosts as [Host, Host, Host];
  // A new MAC address is announced, as a failover or a moved machine does.
  await server.run('sysctl', ['-qw', 'net.ipv4.conf.eth0.arp_notify=1', 'net.ipv6.conf.eth0.ndisc_notify=1']);
});

afterAll(() => lab.remove());

beforeEach(async () => {
  await director.run('ip', ['neigh', 'flush', 'all']);
});

describe.each([
  ['IPv4', '192.0.2.2', '192.0.2.1', '192.0.2.3', '198.51.100.9', 'ARP'],
  ['IPv6', '2001:db8::2', '2001:db8::1', '2001:db8::3', '2001:db8:9::9', 'neighbour discovery'],
])('%s', (_, target, own, gateway, remote, protocol) => {
  const ip = (...words: string[]): Promise<string> => director.run('ip', words);
  const prefix = own.includes(':') ? 64 : 24;
  const host = own.includes(':') ? 128 : 32;

  test('a neighbour that is not known is probed, found, kept fresh and let go', async () => {
    await using resolver = await ResolverDriver.start(director.namespace);
    resolver.watch([target]);
    await resolver.expect(target, {
      state: 'resolved',
      interfaceName: 'eth0',
      mac: '02:00:00:00:00:02',
      gateway: target,
      mtu: 1500,
      source: { ok: true, address: own },
      neighbour: 'reachable',
      problem: null,
    });
    expect(await ip('neigh', 'show', target)).toContain('managed');
    await resolver[Symbol.asyncDispose]();
    expect(await ip('neigh', 'show', target)).not.toContain('managed');
    expect(resolver.warnings).toEqual([]);
  });

  test('a new MAC address is known within 100 ms', async () => {
    await using resolver = await ResolverDriver.start(director.namespace);
    resolver.watch([target]);
    await resolver.expect(target, { mac: '02:00:00:00:00:02' });
    await ip('neigh', 'change', target, 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0', 'nud', 'reachable');
    const changed = Date.now();
    expect(await resolver.expect(target, { mac: '02:00:00:00:00:99' })).toBeLessThan(changed + 100);
  });

  test('a real server that announces a new MAC address is followed', async () => {
    await using resolver = await ResolverDriver.start(director.namespace);
    resolver.watch([target]);
    await resolver.expect(target, { mac: '02:00:00:00:00:02' });
    await new Promise((done) => setTimeout(done, 1100)); // the kernel locks a fresh entry for a second
    await server.run('ip', ['link', 'set', 'eth0', 'address', '02:00:00:00:00:22']);
    await resolver.expect(target, { mac: '02:00:00:00:00:22' });
    await server.run('ip', ['link', 'set', 'eth0', 'address', '02:00:00:00:00:02']);
    await resolver.expect(target, { mac: '02:00:00:00:00:02' });
  });

  test('a static entry is used as it is, and stays static', async () => {
    await ip('neigh', 'replace', target, 'lladdr', '02:00:00:00:00:77', 'dev', 'eth0', 'nud', 'permanent');
    await using resolver = await ResolverDriver.start(director.namespace);
    resolver.watch([target]);
    await resolver.expect(target, { mac: '02:00:00:00:00:77', neighbour: 'permanent', problem: null });
    expect(await ip('neigh', 'show', target)).toContain('PERMANENT');
    await ip('neigh', 'del', target, 'dev', 'eth0');
    await resolver.expect(target, { mac: '02:00:00:00:00:02', neighbour: 'reachable' });
  });

  test('a route that comes, changes and goes', async () => {
    await using resolver = await ResolverDriver.start(director.namespace);
    resolver.watch([remote]);
    await resolver.expect(remote, { state: 'unresolved', reason: `no route to ${remote}` });
    await ip('route', 'add', `${remote}/${host}`, 'via', gateway, 'mtu', '1400');
    await resolver.expect(remote, { mac: '02:00:00:00:00:03', gateway, mtu: 1400, source: { ok: true, address: own } });
    await ip('route', 'change', `${remote}/${host}`, 'via', target);
    await resolver.expect(remote, { mac: '02:00:00:00:00:02', gateway: target, mtu: 1500 });
    expect(await ip('neigh', 'show', gateway)).not.toContain('managed');
    await ip('route', 'replace', 'unreachable', `${remote}/${host}`);
    await resolver.expect(remote, { state: 'unresolved' });
    await ip('route', 'del', 'unreachable', `${remote}/${host}`);
    await resolver.expect(remote, { reason: `no route to ${remote}` });
  });

  test("this machine's own address is no real server", async () => {
    await using resolver = await ResolverDriver.start(director.namespace);
    resolver.watch([own]);
    const reason = `the route is via loopback: ${own} is this machine's own address`;
    await resolver.expect(own, { state: 'unresolved', reason });
  });

  test('a source that becomes deprecated or a virtual IP gives way to another', async () => {
    const other = own.includes(':') ? '2001:db8::11' : '192.0.2.11';
    await using resolver = await ResolverDriver.start(director.namespace);
    resolver.watch([target]);
    await resolver.expect(target, { source: { ok: true, address: own } });
    try {
      await ip('addr', 'change', `${own}/${prefix}`, 'dev', 'eth0', 'preferred_lft', '0', 'valid_lft', 'forever');
      await resolver.expect(target, { source: { ok: false, reason: /is deprecated/ as unknown as string } });
      await ip('addr', 'add', `${other}/${prefix}`, 'dev', 'eth0');
      await resolver.expect(target, { source: { ok: true, address: other } });
      resolver.watch([target], [other]);
      await resolver.expect(target, { source: { ok: false, reason: /is a virtual IP/ as unknown as string } });
    } finally {
      await ip('addr', 'change', `${own}/${prefix}`, 'dev', 'eth0', 'preferred_lft', 'forever', 'valid_lft', 'forever');
      await director.tryRun('ip', ['addr', 'del', `${other}/${prefix}`, 'dev', 'eth0']);
    }
    await resolver.expect(target, { source: { ok: true, address: own } });
  });

  test('who does not answer is unresolved, with the reason, until it does', async () => {
    const absent = own.includes(':') ? '2001:db8::50' : '192.0.2.50';
    await using resolver = await ResolverDriver.start(director.namespace);
    resolver.watch([absent]);
    const reason = `eth0: no answer to ${protocol} for ${absent} (FAILED)`;
    await resolver.expect(absent, { state: 'unresolved', reason }, 10_000);
    await router.run('ip', ['addr', 'add', `${absent}/${prefix}`, 'dev', 'eth0']);
    await resolver.expect(absent, { mac: '02:00:00:00:00:03', problem: null }, 20_000);
    await router.run('ip', ['addr', 'del', `${absent}/${prefix}`, 'dev', 'eth0']);
  });
});

test('a virtual IP is never the source, even where the kernel would take it', async () => {
  const ip = (...words: string[]): Promise<string> => director.run('ip', words);
  await ip('addr', 'add', `${VIP}/32`, 'dev', 'eth0');
  await ip('route', 'add', '198.51.100.1/32', 'via', '192.0.2.3', 'src', VIP);
  await using resolver = await ResolverDriver.start(director.namespace);
  resolver.watch(['198.51.100.1']);
  await resolver.expect('198.51.100.1', { source: { ok: true, address: VIP } });
  resolver.watch(['198.51.100.1'], [VIP]);
  await resolver.expect('198.51.100.1', { source: { ok: true, address: '192.0.2.1' } });
  await ip('route', 'del', '198.51.100.1/32');
  await ip('addr', 'del', `${VIP}/32`, 'dev', 'eth0');
});

test('an IPv4 route by way of an IPv6 router', async () => {
  await using resolver = await ResolverDriver.start(director.namespace);
  resolver.watch(['198.51.100.2']);
  await director.run('ip', ['route', 'add', '198.51.100.2/32', 'via', 'inet6', '2001:db8::3', 'dev', 'eth0']);
  const source = { ok: true, address: '192.0.2.1' };
  await resolver.expect('198.51.100.2', { gateway: '2001:db8::3', mac: '02:00:00:00:00:03', source });
  await director.run('ip', ['route', 'del', '198.51.100.2/32']);
});

test('a link that goes down, changes and comes back', async () => {
  await using resolver = await ResolverDriver.start(director.namespace);
  resolver.watch(['192.0.2.2']);
  await resolver.expect('192.0.2.2', { state: 'resolved' });
  await director.run('ip', ['link', 'set', 'eth0', 'down']);
  await resolver.expect('192.0.2.2', { state: 'unresolved', reason: 'no route to 192.0.2.2' });
  await director.run('ip', ['link', 'set', 'eth0', 'mtu', '1280', 'up']);
  await resolver.expect('192.0.2.2', { state: 'resolved', mac: '02:00:00:00:00:02', mtu: 1280 });
  expect(new Set(resolver.interfaceChanges)).toContain('changed eth0');
  await director.run('ip', ['link', 'set', 'eth0', 'mtu', '1500']);
  await resolver.expect('192.0.2.2', { mtu: 1500 });
  // Going down took the address of the other family away.
  await director.run('ip', ['addr', 'replace', '2001:db8::1/64', 'dev', 'eth0']);
});

test('a device that disappears and comes back', async () => {
  const ip = (...words: string[]): Promise<string> => director.run('ip', words);
  const make = async (): Promise<void> => {
    await ip('link', 'add', 'veth1', 'type', 'veth', 'peer', 'name', 'eth9', 'netns', router.namespace);
    await ip('link', 'set', 'veth1', 'up');
    await ip('addr', 'add', '198.51.100.1/24', 'dev', 'veth1');
    await router.run('ip', ['link', 'set', 'eth9', 'address', '02:00:00:00:09:09', 'up']);
    await router.run('ip', ['addr', 'add', '198.51.100.9/24', 'dev', 'eth9']);
  };
  await using resolver = await ResolverDriver.start(director.namespace);
  resolver.watch(['198.51.100.9']);
  for (let round = 0; round < 2; round++) {
    await make();
    await resolver.expect('198.51.100.9', { interfaceName: 'veth1', mac: '02:00:00:00:09:09' });
    await ip('link', 'del', 'veth1');
    await resolver.expect('198.51.100.9', { state: 'unresolved' });
  }
  const changes = resolver.interfaceChanges.filter((change) => !change.startsWith('changed'));
  expect(changes.filter((change) => change.endsWith('veth1'))).toEqual([
    'added veth1',
    'removed veth1',
    'added veth1',
    'removed veth1',
  ]);
});

test('lost notifications: everything is read anew', async () => {
  await using resolver = await ResolverDriver.start(director.namespace);
  resolver.watch(['192.0.2.2']);
  await resolver.expect('192.0.2.2', { mac: '02:00:00:00:00:02' });
  const many = (verb: string, rest: string): string =>
    Array.from({ length: 200 }, (_, i) => `neigh ${verb} 192.0.2.${55 + i} dev eth0 ${rest}\n`).join('');
  const burst = many('replace', 'lladdr 02:00:00:00:01:01 nud permanent') + many('del', '');
  process.kill(resolver.pid, 'SIGSTOP');
  try {
    await director.run('ip', ['-batch', '-'], { input: burst.repeat(50) });
    await director.run('ip', ['neigh', 'change', '192.0.2.2', 'lladdr', '02:00:00:00:00:98', 'dev', 'eth0']);
  } finally {
    process.kill(resolver.pid, 'SIGCONT');
  }
  await resolver.expect('192.0.2.2', { mac: '02:00:00:00:00:98' });
  expect(resolver.warnings.join()).toContain("reading the kernel's network anew");
});
