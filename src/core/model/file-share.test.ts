import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from './apply-command.ts';
import type { Command } from './command.ts';
import { applyFile, type FileServices, type FileShare, NO_SHARE, shareOf } from './file-share.ts';
import type { Address, Model, ServiceKey, VirtualService } from './model.ts';
import { serverKeyText, serviceKeyText } from './service-key.ts';
import { commanded } from './testing.ts';

const key = (n: number): ServiceKey => ({ protocol: 'tcp', address: `192.0.2.${n}` as Address, port: 80 });
const real = (n: number) => ({ address: `10.0.0.${n}` as Address, port: 80 });

type Line = readonly [service: number, scheduler: 'rr' | 'wlc', servers: Readonly<Record<number, number>>];

/** Services with the weights of their real servers. */
function share(lines: readonly Line[], timeouts = {}): FileShare {
  const services: FileServices = lines.map(([n, scheduler, servers]) => ({
    ...key(n),
    scheduler,
    servers: Object.entries(servers).map(([host, weight]) => ({ ...real(Number(host)), weight })),
  }));
  const made = shareOf({ services, timeouts });
  if ('error' in made) throw new Error(made.error.message);
  return made.share;
}

/** `1 rr 1=5 2=5` for each service, real servers newest first. */
function text(model: Pick<Model, 'services'>): string[] {
  return [...model.services.values()].map(({ key, scheduler, servers }) => {
    const weights = servers.map((server) => `${server.key.address.split('.')[3]}=${server.weight}`);
    return [serviceKeyText(key).slice(12, -3), scheduler, ...weights].join(' ');
  });
}

const FILE = share([
  [1, 'rr', { 1: 5, 2: 5 }],
  [2, 'rr', { 3: 5 }],
]);
const RUNNING = applyFile(emptyModel, NO_SHARE, FILE, 'changed');
const COMMANDS: Command[] = [
  { type: 'server.edit', service: key(1), server: { ...real(1), weight: 0 } },
  { type: 'server.add', service: key(1), server: { ...real(8), weight: 8 } },
  { type: 'service.delete', service: key(2) },
  { type: 'service.add', service: { ...key(9), scheduler: 'rr' } },
];
const COMMANDED = commanded(RUNNING, COMMANDS);

describe('a file that is read again', () => {
  it('begins as it says', () => {
    expect(text(RUNNING)).toEqual(['1 rr 2=5 1=5', '2 rr 3=5']);
    expect(text(COMMANDED)).toEqual(['1 rr 8=8 2=5 1=0', '9 rr']);
  });

  it.each<readonly [string, readonly Line[], readonly string[]]>([
    [
      'says the same: what commands did stays',
      [
        [1, 'rr', { 1: 5, 2: 5 }],
        [2, 'rr', { 3: 5 }],
      ],
      ['1 rr 8=8 2=5 1=0', '9 rr'],
    ],
    [
      'changes the real server that a command edited',
      [
        [1, 'rr', { 1: 6, 2: 5 }],
        [2, 'rr', { 3: 5 }],
      ],
      ['1 rr 8=8 2=5 1=6', '9 rr'],
    ],
    [
      'changes another one',
      [
        [1, 'rr', { 1: 5, 2: 6 }],
        [2, 'rr', { 3: 5 }],
      ],
      ['1 rr 8=8 2=6 1=0', '9 rr'],
    ],
    [
      'changes the service alone',
      [
        [1, 'wlc', { 1: 5, 2: 5 }],
        [2, 'rr', { 3: 5 }],
      ],
      ['1 wlc 8=8 2=5 1=0', '9 rr'],
    ],
    [
      'changes a service that a command deleted',
      [
        [1, 'rr', { 1: 5, 2: 5 }],
        [2, 'rr', { 3: 5, 4: 5 }],
      ],
      ['1 rr 8=8 2=5 1=0', '9 rr', '2 rr 4=5 3=5'],
    ],
    [
      'adds and drops real servers',
      [
        [1, 'rr', { 2: 5, 4: 5 }],
        [2, 'rr', { 3: 5 }],
      ],
      ['1 rr 4=5 8=8 2=5', '9 rr'],
    ],
    ['drops services', [[2, 'rr', { 3: 5 }]], ['9 rr']],
    [
      'takes over what commands made',
      [
        [1, 'rr', { 1: 5, 2: 5, 8: 1 }],
        [2, 'rr', { 3: 5 }],
        [9, 'wlc', { 9: 9 }],
      ],
      ['1 rr 8=1 2=5 1=0', '9 wlc 9=9'],
    ],
  ])('%s', (_title, lines, expected) => {
    expect(text(applyFile(COMMANDED, FILE, share(lines), 'changed'))).toEqual(expected);
  });

  it('undoes what commands did to what it names, if asked', () => {
    expect(text(applyFile(COMMANDED, FILE, FILE, 'named'))).toEqual(['1 rr 8=8 2=5 1=5', '9 rr', '2 rr 3=5']);
  });

  it('stands alone, if asked, and keeps drains', () => {
    const admin = { action: 'drain', by: 'alice', at: 1, reason: '' } as const;
    const drained = commanded(COMMANDED, [{ type: 'server.drain', service: key(1), server: real(2), admin }]);
    const alone = applyFile(drained, FILE, FILE, 'alone');
    expect(text(alone)).toEqual(text(RUNNING));
    expect([...alone.services.values()][0]?.servers[0]?.admin).toEqual(admin);
  });

  it('sets the timeouts that it says in another way', () => {
    const [old, fresh] = [share([], { tcp: 100, udp: 10 }), share([], { tcp: 100, tcpFin: 7 })];
    const model = commanded(emptyModel, [{ type: 'timeouts.set', timeouts: { tcp: 5, tcpFin: 6, udp: 10 } }]);
    expect(applyFile(model, old, fresh, 'changed').timeouts).toEqual({ tcp: 5, tcpFin: 7, udp: 10 });
    expect(applyFile(model, old, fresh, 'named').timeouts).toEqual({ tcp: 100, tcpFin: 7, udp: 10 });
  });
});

it('refuses services that stand twice', () => {
  const twice = [1, 1].map((n) => ({ ...key(n), servers: [] }));
  expect(shareOf({ services: twice })).toMatchObject({ error: { code: 'service-exists', path: 'services[1]' } });
});

const weights = fc.dictionary(fc.constantFrom('1', '2', '3'), fc.integer({ min: 0, max: 2 }));
const line = (n: number) => fc.tuple(fc.constant(n), fc.constantFrom('rr' as const, 'wlc' as const), weights);
const shares = fc
  .tuple(...[1, 2, 3].map((n) => fc.option(line(n), { nil: null })))
  .map((lines) => share(lines.filter((each) => each !== null)));
const commands = fc.array(
  fc.oneof(
    fc.record({ n: fc.integer({ min: 1, max: 4 }), weight: fc.integer({ min: 0, max: 2 }) }).map(
      ({ n, weight }): Command => ({
        type: 'server.edit',
        service: key(n),
        server: { ...real(weight + 1), weight },
      }),
    ),
    fc.integer({ min: 1, max: 4 }).map((n): Command => ({ type: 'service.delete', service: key(n) })),
    fc.integer({ min: 1, max: 4 }).map((n): Command => ({ type: 'service.add', service: key(n) })),
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
      .map(([n, host]): Command => ({ type: 'server.add', service: key(n), server: real(host) })),
  ),
);

/** Those of the commands that can be done. */
function disturbed(model: Model, list: readonly Command[]): Model {
  return list.reduce((now, command) => {
    const applied = applyCommands(now, [command]);
    return 'error' in applied ? now : applied.model;
  }, model);
}

const serverNames = (service: VirtualService | undefined) =>
  service?.servers.map(({ key }) => serverKeyText(key)) ?? [];

describe('whatever commands did between two readings', () => {
  it('the same file changes nothing at all', () => {
    fc.assert(
      fc.property(shares, commands, (file, list) => {
        const model = disturbed(applyFile(emptyModel, NO_SHARE, file, 'changed'), list);
        expect([...applyFile(model, file, file, 'changed').services]).toEqual([...model.services]);
      }),
    );
  });

  it('another file touches what one of both names alone, and leaves nothing that only the old one named', () => {
    fc.assert(
      fc.property(shares, shares, commands, (old, fresh, list) => {
        const model = disturbed(applyFile(emptyModel, NO_SHARE, old, 'changed'), list);
        const { services } = applyFile(model, old, fresh, 'changed');
        for (const [name, service] of model.services) {
          if (!old.services.has(name) && !fresh.services.has(name)) expect(services.get(name)).toBe(service);
        }
        for (const [name, service] of old.services) {
          if (!fresh.services.has(name)) expect(services.has(name)).toBe(false);
          const named = serverNames(fresh.services.get(name));
          const dropped = serverNames(service).filter((server) => !named.includes(server));
          expect(serverNames(services.get(name)).filter((server) => dropped.includes(server))).toEqual([]);
        }
      }),
    );
  });

  it('everything that a file names can be made what it says', () => {
    fc.assert(
      fc.property(shares, shares, commands, (old, fresh, list) => {
        const model = disturbed(applyFile(emptyModel, NO_SHARE, old, 'changed'), list);
        const { services } = applyFile(model, old, fresh, 'named');
        for (const [name, wanted] of fresh.services) {
          expect(services.get(name)).toMatchObject({ scheduler: wanted.scheduler });
          const is = new Map(services.get(name)?.servers.map((server) => [serverKeyText(server.key), server.weight]));
          for (const server of wanted.servers) expect(is.get(serverKeyText(server.key))).toBe(server.weight);
        }
        expect(text(applyFile(model, old, fresh, 'alone'))).toEqual(text(fresh));
      }),
    );
  });
});

describe('daemons of synchronization', () => {
  const names = { ...NO_SHARE, syncs: true };
  const daemon = { interface: 'eth0', syncId: 7 };
  const running = commanded(emptyModel, [{ type: 'sync.set', daemons: { master: null, backup: daemon } }]);

  it.each([
    ['stay while the file names them', names, names, 7],
    ['go with the words of the file', names, NO_SHARE, undefined],
    ["stay where they are commands'", NO_SHARE, NO_SHARE, 7],
    ['stay until the file that names them now says which of them runs', NO_SHARE, names, 7],
  ] as const)('%s', (_, before, after, syncId) => {
    expect(applyFile(running, before, after, 'changed').syncDaemons.backup?.syncId).toBe(syncId);
  });
});
