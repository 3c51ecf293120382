/** What a MASTER holds, as `ip` shows it, and how its neighbours learn of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../../scripts/lab/host.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import type { HostSpec } from '../../scripts/lab/spec.ts';
import { waitFor } from '../../scripts/lab/wait.ts';
import { type AssignCommand, AssignDriver } from '../support/assign-driver.ts';

function hostSpec(name: string, number: number): HostSpec {
  const addresses = [`192.0.2.${number}/24`, `2001:db8::${number}/64`];
  return { name, ports: [{ lan: 'a', addresses, mac: `02:00:00:00:00:0${number}` }] };
}

let lab: Lab;
let director: Host;
let client: Host;
let driver: AssignDriver;

beforeAll(async () => {
  lab = await Lab.build({ hosts: [hostSpec('director', 1), hostSpec('client', 2)] });
  [director, client] = lab.hosts as [Host, Host];
  driver = new AssignDriver(director.namespace);
});

afterAll(async () => {
  await driver[Symbol.asyncDispose]();
  await lab.remove();
});

/** What `ip` prints, blanks made one. */
const ip = async (...words: string[]): Promise<string> =>
  (await director.run('ip', words)).replaceAll(/\s+/g, ' ').trim();
const perform = async (call: AssignCommand['call'], words: string): Promise<unknown> => {
  const answer = await driver.ask({ call, words });
  if ('error' in answer) throw new Error(answer.error);
  return answer.value;
};

describe('addresses', () => {
  test.each([
    ['192.0.2.100', 'inet 192.0.2.100/32 scope global eth0 valid_lft forever preferred_lft forever'],
    [
      '192.0.2.101/24 label eth0:vip brd +',
      'inet 192.0.2.101/24 brd 192.0.2.255 scope global secondary eth0:vip valid_',
    ],
    ['198.51.100.1/26 scope link brd -', 'inet 198.51.100.1/26 brd 198.51.100.0 scope link eth0 valid_lft forever'],
    ['198.51.100.2 peer 203.0.113.5/30', 'inet 198.51.100.2 peer 203.0.113.5/30 scope global eth0 valid_lft forever'],
    [
      '198.51.100.3 noprefixroute preferred_lft 0',
      'inet 198.51.100.3/32 scope global deprecated noprefixroute eth0 va',
    ],
    ['192.0.2.104 dev lo', 'inet 192.0.2.104/32 scope global lo valid_lft forever preferred_lft forever'],
    ['2001:db8::100', 'inet6 2001:db8::100/128 scope global nodad deprecated valid_lft forever preferred_lft 0sec'],
    ['2001:db8::101/64', 'inet6 2001:db8::101/64 scope global nodad valid_lft forever preferred_lft forever'],
    [
      '2001:db8::102/64 -nodad home preferred_lft forever',
      'inet6 2001:db8::102/64 scope global home valid_lft forever',
    ],
    ['2001:db8::103/64 mngtmpaddr', 'inet6 2001:db8::103/64 scope global nodad mngtmpaddr valid_lft forever'],
    ['2001:db8::104 peer 2001:db8:9::1', 'inet6 2001:db8::104 peer 2001:db8:9::1/128 scope global nodad deprecated va'],
    ['fe80::100/64', 'inet6 fe80::100/64 scope link nodad valid_lft forever preferred_lft forever'],
  ])('%s', async (words, shown) => {
    const [address] = words.split(/[/ ]/) as [string];
    expect(await perform('addAddress', words)).toBe('added');
    expect(await ip('-d', 'address', 'show', 'to', address)).toContain(shown);
    expect(await perform('addAddress', words)).toBe('there');
    await perform('deleteAddress', words);
    expect(await ip('address', 'show')).not.toContain(`${address}`);
    await perform('deleteAddress', words);
  });

  test('what cannot be is refused, with its name', async () => {
    expect(await driver.ask({ call: 'addAddress', words: '2001:db8::1' })).toEqual({
      error: 'add 2001:db8::1/128 to eth0: it is there with the prefix length 64 (EEXIST)',
      code: 'EEXIST',
    });
    expect(await driver.ask({ call: 'addAddressTo', words: '192.0.2.7/24', ifindex: 999 })).toMatchObject({
      error: expect.stringMatching(/^add 192\.0\.2\.7\/24 to interface 999: /),
      code: 'ENODEV',
    });
    expect(await driver.ask({ call: 'addAddress', words: '2001:db8::9 mngtmpaddr' })).toMatchObject({
      error: expect.stringMatching(/^add 2001:db8::9\/128 to eth0: /),
      code: 'EINVAL',
    });
  });
});

describe('routes', () => {
  test.each([
    ['198.51.100.0/24 via 192.0.2.2', '198.51.100.0/24 via 192.0.2.2 dev eth0 proto keepalived'],
    ['default via 192.0.2.2 metric 7 table 300', 'default via 192.0.2.2 dev eth0 table 300 proto keepalived metric 7'],
    ['198.51.100.0/24', '198.51.100.0/24 dev eth0 proto keepalived scope link'],
    ['198.51.100.7 via 203.0.113.1 dev eth0 onlink', '198.51.100.7 via 203.0.113.1 dev eth0 proto keepalived onlink'],
    [
      'src 192.0.2.1 198.51.100.0/24 via 192.0.2.2 tos 0x10',
      '198.51.100.0/24 tos 0x10 via 192.0.2.2 dev eth0 proto keepalived src 192.0.2.1',
    ],
    ['198.51.100.0/24 proto bgp scope global', '198.51.100.0/24 dev eth0 proto bgp'],
    [
      '198.51.100.0/24 via 192.0.2.2 mtu lock 1400 advmss 1360 rtt 20ms rto_min 50ms hoplimit 9 congctl cubic features ecn',
      'mtu lock 1400 rtt 20ms advmss 1360 hoplimit 9 features ecn rto_min 50ms congctl cubic',
    ],
    ['198.51.100.0/24 via 192.0.2.2 realms 3/7', '198.51.100.0/24 via 192.0.2.2 dev eth0 proto keepalived realms 3/7'],
    [
      '198.51.100.0/24 nexthop via 192.0.2.2 weight 3 nexthop via 192.0.2.3 dev eth0',
      'nexthop via 192.0.2.2 dev eth0 weight 3 nexthop via 192.0.2.3 dev eth0 weight 1',
    ],
    ['198.51.100.0/24 via inet6 fe80::9', '198.51.100.0/24 via inet6 fe80::9 dev eth0 proto keepalived'],
    ['blackhole 198.51.100.0/24', 'blackhole 198.51.100.0/24 proto keepalived'],
    ['unreachable 2001:db8:1::/48 metric 9', 'unreachable 2001:db8:1::/48 dev lo proto keepalived metric 9'],
    [
      '2001:db8:1::/48 via fe80::9 pref high',
      '2001:db8:1::/48 via fe80::9 dev eth0 proto keepalived metric 1024 pref high',
    ],
    [
      '2001:db8:1::/48 via 2001:db8::2 expires 90',
      /2001:db8:1::\/48 via 2001:db8::2 dev eth0 proto keepalived metric 1024 expires \d+sec/,
    ],
    [
      '2001:db8:1::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3 weight 5',
      'nexthop via 2001:db8::2 dev eth0 weight 1 nexthop via 2001:db8::3 dev eth0 weight 5',
    ],
    ['198.51.100.0/24 via 192.0.2.2 append', '198.51.100.0/24 via 192.0.2.2 dev eth0 proto keepalived'],
  ])('%s', async (words, shown) => {
    const show = async () =>
      `${await ip('route', 'show', 'table', 'all')} ${await ip('-6', 'route', 'show', 'table', 'all')}`;
    const before = await show();
    await perform('replaceRoute', words);
    await perform('replaceRoute', words);
    expect(await show()).toEqual(
      typeof shown === 'string' ? expect.stringContaining(shown) : expect.stringMatching(shown),
    );
    await perform('deleteRoute', words);
    expect(await show()).toBe(before);
    await perform('deleteRoute', words);
  });

  test("another's route of the same destination stays", async () => {
    await ip('route', 'add', '198.51.100.0/24', 'via', '192.0.2.2', 'proto', 'static');
    await perform('deleteRoute', '198.51.100.0/24 via 192.0.2.2');
    expect(await ip('route', 'show', '198.51.100.0/24')).toBe('198.51.100.0/24 via 192.0.2.2 dev eth0 proto static');
    await ip('route', 'del', '198.51.100.0/24');
  });

  test('what cannot be is refused, with its name', async () => {
    expect(await driver.ask({ call: 'replaceRoute', words: '198.51.100.0/24 via 203.0.113.1 table 9' })).toEqual({
      error: expect.stringMatching(/^add route 198\.51\.100\.0\/24 table 9: /),
      code: 'ENETUNREACH',
    });
  });
});

describe('rules', () => {
  test.each([
    ['from 198.51.100.0/24 table 100 priority 1000', '1000: from 198.51.100.0/24 lookup 100 proto keepalived'],
    ['to 198.51.100.7 lookup 1000', '16384: from all to 198.51.100.7 lookup 1000 proto keepalived'],
    ['not fwmark 0x10/0xf0 table main pref 7', '7: not from all fwmark 0x10/0xf0 lookup main proto keepalived'],
    ['iif eth0 oif lo tos 0x10 table 100', '16384: from all tos 0x10 iif eth0 oif lo lookup 100 proto keepalived'],
    [
      'ipproto tcp sport 1024-2047 dport 80 table 100 proto 186',
      '16384: from all ipproto tcp sport 1024-2047 dport 80 lookup 100 proto bgp',
    ],
    [
      'uidrange 1000-1999 table 100 suppress_prefixlength 0',
      '16384: from all uidrange 1000-1999 lookup 100 suppress_prefixlength 0 proto k',
    ],
    ['from 198.51.100.0/24 table 100 realms 3/7', '16384: from 198.51.100.0/24 lookup 100 realms 3/7 proto keepalived'],
    ['table 100 suppress_ifgroup 5', '16384: from all lookup 100 suppress_ifgroup 5 proto keepalived'],
    [
      'from 198.51.100.0/24 goto 20000 priority 10000',
      '10000: from 198.51.100.0/24 goto 20000 [unresolved] proto keepalived',
    ],
    ['from 198.51.100.0/24 blackhole', '16384: from 198.51.100.0/24 blackhole proto keepalived'],
    ['tun_id 77 prohibit', '16384: from all tun_id 77 prohibit proto keepalived'],
    ['nop', '16384: from all nop proto keepalived'],
    ['l3mdev', '16384: from all lookup [l3mdev-table] proto keepalived'],
    ['from 2001:db8::/32 fwmark 5 table 100', '16384: from 2001:db8::/32 fwmark 0x5 lookup 100 proto keepalived'],
    ['inet6 iif eth0 unreachable', '16384: from all iif eth0 unreachable proto keepalived'],
  ])('%s', async (words, shown) => {
    const show = async () => `${await ip('-d', 'rule')} ${await ip('-d', '-6', 'rule')}`;
    const before = await show();
    await perform('addRule', words);
    await perform('addRule', words);
    expect((await show()).split(shown)).toHaveLength(2);
    await perform('deleteRule', words);
    expect(await show()).toBe(before);
    await perform('deleteRule', words);
  });

  test('what cannot be is refused, with its name', async () => {
    expect(await driver.ask({ call: 'addRule', words: 'from 198.51.100.0/24 tos 1 table 9' })).toEqual({
      error: expect.stringMatching(/^add rule 16384 from 198\.51\.100\.0\/24: /),
      code: 'EINVAL',
    });
  });
});

describe('macvlan', () => {
  const MAC = '00:00:5e:00:01:33';
  const add = (name: string, mac: string) => driver.ask({ call: 'addMacvlan', words: name, mac });

  test('is made, taken over, made anew with another virtual MAC, and deleted', async () => {
    const made = await add('vrrp.51', MAC);
    const shown = await ip('-d', 'link', 'show', 'vrrp.51');
    expect(shown).toMatch(/vrrp\.51@eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> .* link\/ether 00:00:5e:00:01:33 /);
    expect(shown).toContain('macvlan mode private');
    expect(shown).toContain('addrgenmode none');
    expect(await ip('-6', 'address', 'show', 'dev', 'vrrp.51')).toBe('');
    expect(await add('vrrp.51', MAC)).toEqual(made);
    const anew = (await add('vrrp.51', '00:00:5e:00:01:34')) as { value: number };
    expect(anew).not.toEqual(made);
    expect(await ip('link', 'show', 'vrrp.51')).toContain('link/ether 00:00:5e:00:01:34');
    expect(await driver.ask({ call: 'deleteLink', ifindex: anew.value })).toEqual({ value: null });
    expect(await ip('link')).not.toContain('vrrp.51');
    expect(await driver.ask({ call: 'deleteLink', ifindex: anew.value })).toEqual({ value: null });
  });

  test('never takes the place of what is not ours', async () => {
    await ip('link', 'add', 'mine', 'link', 'eth0', 'type', 'macvlan', 'mode', 'bridge');
    expect(await add('mine', MAC)).toMatchObject({
      error: expect.stringMatching(/^add macvlan mine: found macvlan mine with MAC [0-9a-f:]{17} \(EEXIST\)$/),
      code: 'EEXIST',
    });
    expect(await add('eth0', MAC)).toMatchObject({ code: 'EEXIST' });
    await ip('link', 'del', 'mine');
  });

  test('has the settings that it needs, and its parent, until the last is gone', async () => {
    const { value } = (await add('vrrp.51', MAC)) as { value: number };
    const sysctl = (...words: string[]) => director.run('sysctl', words);
    const of = (device: string, ...keys: string[]) => keys.map((key) => `net/ipv4/conf/${device}/${key}`);
    const own = of('vrrp.51', 'arp_ignore', 'accept_local', 'rp_filter', 'promote_secondaries');
    const parent = of('eth0', 'arp_ignore', 'arp_filter');
    const off = 'net/ipv6/conf/vrrp.51/disable_ipv6';
    const tune = (ipv4: boolean, ipv6: boolean, words = 'vrrp.51') => driver.ask({ call: 'tune', words, ipv4, ipv6 });
    await sysctl('-qw', 'net/ipv4/conf/vrrp.51/rp_filter=2');
    expect(await tune(false, true)).toEqual({ value: [] });
    expect(await sysctl('-n', ...own, ...parent, off)).toBe('0\n0\n2\n0\n0\n0\n0\n');
    const were = (value: string) => ({ value: ['arp_ignore', 'arp_filter'].map((key) => [key, value]) });
    expect(await tune(true, false)).toEqual(were('0'));
    expect(await sysctl('-n', ...own, ...parent, off)).toBe('1\n1\n0\n1\n1\n1\n1\n');
    expect(await tune(true, true)).toEqual(were('1'));
    expect(await sysctl('-n', off)).toBe('0\n');
    expect(await tune(true, false, 'vrrp.52')).toEqual({
      error: 'cannot set /proc/sys/net/ipv4/conf/vrrp.52/arp_ignore to 1: ENOENT',
      code: null,
    });
    await driver.ask({ call: 'deleteLink', ifindex: value });
    expect(await driver.ask({ call: 'restore' })).toEqual({ value: null });
    expect(await sysctl('-n', ...parent)).toBe('0\n0\n');
  });
});

describe('announcements', () => {
  test('a neighbour follows the address to its new MAC, at once', async () => {
    const VIPS = ['192.0.2.100', '2001:db8::100'];
    const mac = '00:00:5e:00:01:33';
    for (const vip of VIPS) {
      await client.run('ip', [
        'neigh',
        'replace',
        vip,
        'lladdr',
        '02:00:00:00:00:99',
        'dev',
        'eth0',
        'nud',
        'reachable',
      ]);
    }
    expect(await driver.ask({ call: 'announce', device: 'eth0', mac, words: VIPS.join(' ') })).toEqual({ value: [] });
    for (const vip of VIPS) {
      await waitFor(`${vip} at ${mac}`, async () => (await client.run('ip', ['neigh', 'show', vip])).includes(mac));
    }
  });

  test('an interface that is made anew is found again; one that is gone or down is told', async () => {
    const announce = () =>
      driver.ask({ call: 'announce', device: 'mv', mac: '02:00:00:00:00:07', words: '192.0.2.100' });
    const add = (...more: string[]) => ip('link', 'add', 'mv', ...more, 'link', 'eth0', 'up', 'type', 'macvlan');
    await add();
    expect(await announce()).toEqual({ value: [] });
    await ip('link', 'del', 'mv');
    await add();
    expect(await announce()).toEqual({ value: [] });
    await ip('link', 'set', 'mv', 'down');
    expect(await announce()).toEqual({ value: ['mv ENETDOWN'] });
    await ip('link', 'del', 'mv');
    expect(await announce()).toEqual({ value: ['mv ENODEV'] });
  });
});
