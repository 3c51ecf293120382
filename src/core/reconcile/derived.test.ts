import { expect, it } from 'vitest';
import { applyCommands, emptyModel } from '../model/apply-command.ts';
import type { Command } from '../model/command.ts';
import type { Address, Model } from '../model/model.ts';
import { type Basis, derive, NOTHING_DERIVED } from './derived.ts';
import type { Network } from './reconciler.ts';

const SERVICE = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;
const SERVER = { address: '10.0.0.1' as Address, port: 80 };
const GONE = { address: '10.0.0.9' as Address, port: 80 };
const LOCAL = { address: '10.0.0.250' as Address, service: SERVICE };
const MARK = {
  destination: { address: '192.0.2.9' as Address, length: 32 },
  ...{ source: null, protocols: [], ports: [], mark: 7 },
} as const;

function applied(model: Model, commands: readonly Command[]): Model {
  const found = applyCommands(model, commands);
  if ('error' in found) throw new Error(found.error.message);
  return found.model;
}

const model = applied(emptyModel, [
  { type: 'service.add', service: { ...SERVICE, limits: { rate: 5 } } },
  { type: 'server.add', service: SERVICE, server: { ...SERVER, method: 'nat' } },
  { type: 'sysctl.set', values: { nat_icmp_send: 1 } },
  { type: 'local.add', local: LOCAL },
]);
const unresolved: Network = { interfaces: [], resolution: () => ({ state: 'unresolved', reason: 'no route' }) };
const basis: Basis = { model, network: unresolved, retired: [] };
const by = (...commands: Command[]): Basis => ({ ...basis, model: applied(model, commands) });

const PARTS = ['filter', 'natServers', 'limits', 'localPools'] as const;

it.each<[what: string, after: Basis, anew: readonly (typeof PARTS)[number][]]>([
  ['a weight', by({ type: 'server.edit', service: SERVICE, server: { ...SERVER, method: 'nat', weight: 9 } }), []],
  [
    'a method',
    by({ type: 'server.edit', service: SERVICE, server: { ...SERVER, method: 'dr' } }),
    ['filter', 'natServers'],
  ],
  ['a server more', by({ type: 'server.add', service: SERVICE, server: GONE }), ['filter', 'natServers']],
  ['a limit', by({ type: 'service.edit', service: { ...SERVICE, limits: { rate: 6 } } }), ['limits']],
  ['a limit of all', by({ type: 'sysctl.set', values: { conn_rate: 9 } }), ['limits']],
  ['who is answered', by({ type: 'sysctl.set', values: { nat_icmp_send: 0 } }), ['natServers']],
  ['a service more', by({ type: 'service.add', service: { ...SERVICE, port: 81 } }), PARTS],
  ['no service', by({ type: 'service.delete', service: SERVICE }), PARTS],
  ['a mark', by({ type: 'mark.add', rule: MARK }), ['filter']],
  ['a pool', by({ type: 'local.add', local: { ...LOCAL, address: GONE.address } }), ['localPools']],
  ['a way', { ...basis, network: { ...unresolved } }, ['natServers']],
  ['a deleted server', { ...basis, retired: [GONE] }, ['filter']],
  ['nothing', { ...basis, model: { ...model } }, []],
])('%s makes anew only what follows from it', (_, after, anew) => {
  const before = derive(NOTHING_DERIVED, basis, () => 1)!;
  const derived = derive(before, after, () => 1)!;
  expect(PARTS.filter((part) => derived[part] !== before[part])).toEqual(anew);
});
