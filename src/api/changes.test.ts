import { describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from '../core/model/apply-command.ts';
import type { Model } from '../core/model/model.ts';
import { describeChanges } from './changes.ts';
import { documentOf } from './document.ts';
import { commandSchema } from './protocol/command.ts';
import { documentCommands, documentFileSchema } from './protocol/document.ts';
import { commandFromWire } from './protocol/wire.ts';

const ASKER = { user: 'alice', now: Date.parse('2026-11-23T19:50:02.114Z') };
const WEB = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
const [ONE, TWO] = [{ address: '10.0.0.11' }, { address: '10.0.0.12' }];

function after(model: Model, ...commands: object[]): Model {
  const applied = applyCommands(
    model,
    commands.map((command) => commandFromWire(commandSchema.parse(command), ASKER)),
  );
  if ('error' in applied) throw new Error(applied.error.message);
  return applied.model;
}

const base = after(
  emptyModel,
  { type: 'service.add', service: WEB },
  { type: 'server.add', service: WEB, server: ONE },
  {
    type: 'server.add',
    service: WEB,
    server: { ...TWO, method: 'tun', weight: 3, upper_threshold: 9, lower_threshold: 2 },
  },
);

function changesOf(...commands: object[]): string[] {
  return describeChanges(base, after(base, ...commands)).map(({ action, kind, service, server, text }) =>
    [action, kind, service, server, text].filter((part) => part !== null && part !== '').join(' '),
  );
}

const drain = (reason: string) => ({
  type: 'server.drain',
  service: WEB,
  server: ONE,
  admin: { action: 'drain', reason },
});

describe('describeChanges', () => {
  it.each<[string, object[], string[]]>([
    ['nothing', [], []],
    ['an edit that changes nothing', [{ type: 'server.edit', service: WEB, server: ONE }], []],
    [
      'a service with a server',
      [
        { type: 'service.add', service: { ...WEB, port: 81, scheduler: 'wrr' } },
        { type: 'server.add', service: { ...WEB, port: 81 }, server: { ...ONE, weight: 10 } },
      ],
      ['add service 192.0.2.10:81/tcp wrr', 'add server 192.0.2.10:81/tcp 10.0.0.11:81 dr, weight 10'],
    ],
    [
      'another order of servers, and no line for those that come and go',
      [
        {
          type: 'replace',
          services: [
            {
              ...WEB,
              servers: [
                { ...TWO, method: 'tun', weight: 3, upper_threshold: 9, lower_threshold: 2 },
                { address: '10.0.0.13' },
                ONE,
              ],
            },
          ],
        },
      ],
      [
        'add server 192.0.2.10:80/tcp 10.0.0.13:80 dr, weight 1',
        'change service 192.0.2.10:80/tcp another order of its real servers',
      ],
    ],
    [
      'another scheduler',
      [{ type: 'service.edit', service: { ...WEB, options: { ring_size: 251, port: true, fallback: true } } }],
      ['change service 192.0.2.10:80/tcp mh, ring of 4093 -> mh, ring of 251, port, fallback'],
    ],
    [
      'a server in every way',
      [{ type: 'server.edit', service: WEB, server: { ...TWO, weight: 0, upper_threshold: 5 } }],
      [
        'change server 192.0.2.10:80/tcp 10.0.0.12:80 ' +
          'tun -> dr, weight 3 -> 0, upper threshold 9 -> 5, lower threshold 2 -> 0',
      ],
    ],
    [
      'a drain',
      [drain('kernel update')],
      ['change server 192.0.2.10:80/tcp 10.0.0.11:80 drained by alice: kernel update'],
    ],
    ['a drain without a word', [drain('')], ['change server 192.0.2.10:80/tcp 10.0.0.11:80 drained by alice']],
    [
      'a server less',
      [{ type: 'server.delete', service: WEB, server: ONE }],
      ['delete server 192.0.2.10:80/tcp 10.0.0.11:80'],
    ],
    ['all', [{ type: 'clear' }], ['delete service 192.0.2.10:80/tcp']],
    [
      'the tunnel',
      [{ type: 'tunnel.set', tunnel: { outer_df: 'set', spread_v4: { address: '10.9.0.0', prefix: 16 } } }],
      ['change tunnel outer DF copy -> set, spread of IPv4 sources off -> 10.9.0.0/16'],
    ],
  ])('tells of %s', (_what, commands, lines) => {
    expect(changesOf(...commands)).toEqual(lines);
  });

  it('tells of a drain that ends', () => {
    const drained = after(base, drain('x'));
    const [change] = describeChanges(drained, base);
    expect(change?.text).toBe('drain ended');
  });
});

describe('documents', () => {
  it('make again what they were made of, drains and order included', () => {
    const model = after(
      base,
      drain('kernel update'),
      { type: 'service.add', service: { ...WEB, address: '2001:db8::10', scheduler: 'rr' } },
      { type: 'tunnel.set', tunnel: { outer_df: 'clear', spread_v6: { address: '2001:db8:9::', prefix: 48 } } },
    );
    const text = JSON.stringify({ schema: 'xlb/1/document', ...documentOf(model) });
    const commands = documentCommands(documentFileSchema.parse(JSON.parse(text)), { user: 'bob', now: 0 });
    const applied = applyCommands(emptyModel, commands);
    expect(applied).toEqual({ model });
  });
});
