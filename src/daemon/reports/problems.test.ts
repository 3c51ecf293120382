import { describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from '../../core/model/apply-command.ts';
import type { Command } from '../../core/model/command.ts';
import type { Address } from '../../core/model/model.ts';
import { type Resolution, unresolved } from '../../net/resolution.ts';
import type { InterfaceState } from '../interface-manager.ts';
import { findProblems, healthOf, type ProblemSources } from './problems.ts';

const SERVICE = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;
const server = (last: number) => ({ address: `10.0.0.${last}` as Address, port: 80 });

const GOOD: Resolution = {
  ...{ state: 'resolved', ifindex: 2, interfaceName: 'eth0', gateway: server(1).address, mac: new Uint8Array(6) },
  ...{ mtu: 1500, source: { ok: true, address: '10.0.0.9' as Address }, vlan: { mode: 'keep' } },
  ...{ neighbour: 'reachable', problem: null },
};

const ETH0: InterfaceState = {
  name: 'eth0',
  device: { ifindex: 2, name: 'eth0', mac: new Uint8Array(6), mtu: 1500, up: true, kind: '' },
  attachment: { ifindex: 2, mode: 'native', fragments: false },
  requested: 'auto',
  problem: null,
};

function sources(commands: readonly Command[], rest: Partial<ProblemSources> = {}): ProblemSources {
  const applied = applyCommands(emptyModel, commands);
  if ('error' in applied) throw new Error(applied.error.message);
  return {
    ...{ model: applied.model, resolution: () => GOOD, interfaces: [ETH0], egressOnly: [], isUnrecorded: () => false },
    isOwn: (address) => address === '10.0.0.9',
    ...{ table: { entries: 0, capacity: 1024 }, applyFault: null, failedReload: null, sync: [] },
    overRate: () => false,
    ...rest,
  };
}

const MARK = { protocol: 'fwmark', family: 4, mark: 7 } as const;

const TWO: Command[] = [
  { type: 'service.add', service: SERVICE },
  { type: 'server.add', service: SERVICE, server: server(1) },
  { type: 'server.add', service: SERVICE, server: server(2) },
];
const drain = (last: number): Command => ({
  ...{ type: 'server.drain', service: SERVICE, server: server(last) },
  admin: { action: 'drain', by: 'alice', at: 0, reason: '' },
});
const lost = (...lasts: number[]): Partial<ProblemSources> => ({
  resolution: (address) => (lasts.some((last) => address === server(last).address) ? unresolved('no route') : GOOD),
});

describe('findProblems', () => {
  it.each<[string, ProblemSources, string[]]>([
    ['nothing', sources(TWO), []],
    ['a drained server, which is no problem', sources([...TWO, drain(1)]), []],
    ['no interface', sources([], { interfaces: [] }), ['warning no-interface data plane']],
    ['no interface for services', sources(TWO, { interfaces: [] }), ['error no-interface data plane']],
    [
      'a server without a next hop',
      sources(TWO, lost(1)),
      ['warning next-hop-unresolved 192.0.2.1:80/tcp > 10.0.0.1:80'],
    ],
    [
      'no server that is up',
      sources([...TWO, drain(1)], lost(2)),
      ['error no-real-server 192.0.2.1:80/tcp', 'warning next-hop-unresolved 192.0.2.1:80/tcp > 10.0.0.2:80'],
    ],
    ['no server at all', sources(TWO.slice(0, 1)), ['error no-real-server 192.0.2.1:80/tcp']],
    [
      'a doubtful next hop',
      sources(TWO.slice(0, 2), { resolution: () => ({ ...GOOD, problem: 'no answer' }) }),
      ['warning next-hop-doubtful 192.0.2.1:80/tcp > 10.0.0.1:80'],
    ],
    [
      'a mark that no rule gives',
      sources([
        { type: 'service.add', service: MARK },
        { type: 'server.add', service: MARK, server: { ...server(1), port: 0 } },
      ]),
      ['warning no-mark-rule 7/fwmark'],
    ],
    [
      'a mark that a rule gives, of the other family only',
      sources([
        { type: 'service.add', service: MARK },
        { type: 'server.add', service: MARK, server: { ...server(1), port: 0 } },
        { type: 'mark.add', rule: { destination: { address: '2001:db8::' as Address, length: 64 }, mark: 7 } },
      ]),
      ['warning no-mark-rule 7/fwmark'],
    ],
    [
      'a mark that a rule gives',
      sources([
        { type: 'service.add', service: MARK },
        { type: 'server.add', service: MARK, server: { ...server(1), port: 0 } },
        { type: 'mark.add', rule: { destination: { address: '192.0.2.0' as Address, length: 24 }, mark: 7 } },
      ]),
      [],
    ],
    [
      'a persistence engine',
      sources([...TWO, { type: 'service.edit', service: { ...SERVICE, engine: 'sip' } }]),
      ['warning unsupported 192.0.2.1:80/tcp'],
    ],
    [
      'a synchronization daemon that cannot work',
      sources([], { sync: ['the interface eth0 has no IPv4 address, or is down'] }),
      ['warning not-synchronized synchronization'],
    ],
    [
      'an interface that is missing',
      sources([], { interfaces: [{ ...ETH0, attachment: undefined, problem: 'gone' }] }),
      ['error not-attached eth0'],
    ],
    [
      'an interface that is down, in generic mode',
      sources([], {
        interfaces: [
          {
            ...ETH0,
            device: { ...ETH0.device!, up: false },
            attachment: { ifindex: 2, mode: 'generic', fragments: false },
          },
        ],
      }),
      ['error interface-down eth0', 'warning generic-mode eth0'],
    ],
    ['egress without XDP', sources(TWO, { egressOnly: ['eth1'] }), ['warning egress-not-attached eth1']],
    [
      'connections without an entry',
      sources(TWO, { isUnrecorded: () => true }),
      ['warning unrecorded 192.0.2.1:80/tcp'],
    ],
    [
      'a full table',
      sources(TWO, { table: { entries: 900, capacity: 1024 } }),
      ['warning table-full connection table'],
    ],
    ['maps that cannot be written', sources(TWO, { applyFault: 'EPERM' }), ['error maps-not-written data plane']],
  ])('finds %s', (_name, given, expected) => {
    const found = findProblems(given);
    expect(found.map(({ severity, id, subject }) => `${severity} ${id} ${subject}`)).toEqual(expected);
    expect(found.every(({ text }) => text !== '')).toBe(true);
  });

  it('finds a tunnel without a source, unless sources are spread', () => {
    const tun: Command[] = [TWO[0]!, { type: 'server.add', service: SERVICE, server: { ...server(1), method: 'tun' } }];
    const resolution = () => ({ ...GOOD, source: { ok: false as const, reason: 'only VIPs' } });
    expect(findProblems(sources(tun, { resolution })).map(({ text }) => text)).toContain('only VIPs');
    const spread: Command = { type: 'tunnel.set', tunnel: { spread4: { address: '10.9.0.0' as Address, prefix: 16 } } };
    expect(findProblems(sources([...tun, spread], { resolution }))).toEqual([]);
  });
});

describe('healthOf', () => {
  it.each([
    [[], 'ok'],
    [['warning'], 'degraded'],
    [['warning', 'error'], 'down'],
  ] as const)('%j: %s', (severities, health) => {
    expect(healthOf(severities.map((severity) => ({ severity })))).toBe(health);
  });
});

it('tells of a file that cannot be used any more', () => {
  const failedReload = { path: '/x.conf', text: '/x.conf:3:1: found x' };
  expect(findProblems(sources(TWO, { failedReload }))).toEqual([
    {
      id: 'reload-failed',
      severity: 'warning',
      subject: '/x.conf',
      text: 'it cannot be used any more, and what it said before runs on: /x.conf:3:1: found x',
      next: 'xlbd -t -f /x.conf',
    },
  ]);
});
