/**
 * What a service does with the connections that come to it: who gets how many,
 * measured against the weights, and what becomes of them when a real server is
 * taken out.
 */
import { applyCommands, emptyModel } from '../model/apply-command.ts';
import type { Command, CommandError, ServerSpec, ServiceSpec } from '../model/command.ts';
import type { Model, RealServer, ServerKey, VirtualService } from '../model/model.ts';
import { effectiveWeight } from '../model/server.ts';
import { serverKeyText, serviceKeyText } from '../model/service-key.ts';
import { type Play, play } from './play.ts';
import type { Removal } from './removal.ts';
import type { Traffic } from './traffic.ts';

export interface Scenario {
  readonly service: ServiceSpec;
  /** In the order in which they are added. */
  readonly servers: readonly ServerSpec[];
  readonly removed: { readonly server: ServerSpec; readonly by: Removal } | null;
}

export interface ServerPart {
  readonly key: ServerKey;
  readonly weight: number;
  /** Its weight's part of all weights, 0 to 1. */
  readonly fair: number;
  readonly connections: number;
  /** Of the connections that were placed, 0 to 1. */
  readonly share: number;
  /** `share` / `fair`; null where `fair` is 0. */
  readonly ratio: number | null;
  /** Connections that were active at one time. */
  readonly peak: number;
}

export interface Distribution {
  /** In the order in which they were added. */
  readonly servers: readonly ServerPart[];
  readonly placed: number;
  readonly refused: number;
  /** The largest ratio; null: nothing was placed. */
  readonly skew: number | null;
}

/** What taking a real server out does; the same connections came to the service with it and without it. */
export interface Change {
  readonly server: ServerKey;
  readonly by: Removal;
  readonly after: Distribution;
  /** Connections that are not placed as before. */
  readonly moved: number;
  /** Those of the removed server. */
  readonly unavoidable: number;
}

export interface Simulation {
  readonly before: Distribution;
  readonly change: Change | null;
}

export function simulate(scenario: Scenario, traffic: Traffic, seed: number): Simulation | CommandError {
  const service = serviceOf(scenario);
  if ('code' in service) return service;
  const first = play(service, traffic, seed);
  const before = distribution(service, first);
  if (scenario.removed === null) return { before, change: null };
  const { server, by } = scenario.removed;
  const changed = applied(modelOf(service), [removal(service, server, by)]);
  if ('code' in changed) return changed;
  const second = play(changed, traffic, seed);
  return { before, change: { server, by, after: distribution(changed, second), ...movement(first, second, server) } };
}

/** A service with its servers, all at once. */
function serviceOf({ service, servers }: Scenario): VirtualService | CommandError {
  return applied(emptyModel, [
    { type: 'service.add', service },
    ...servers.map((server): Command => ({ type: 'server.add', service, server })),
  ]);
}

function applied(model: Model, commands: readonly Command[]): VirtualService | CommandError {
  const result = applyCommands(model, commands);
  return 'error' in result ? result.error : [...result.model.services.values()][0]!;
}

function modelOf(service: VirtualService): Model {
  return { ...emptyModel, services: new Map([[serviceKeyText(service.key), service]]) };
}

function removal({ key: service }: VirtualService, server: ServerSpec, by: Removal): Command {
  switch (by) {
    case 'delete':
      return { type: 'server.delete', service, server };
    case 'drain':
      return { type: 'server.drain', service, server, admin: { action: 'drain', by: '', at: 0, reason: '' } };
    case 'weight':
      return { type: 'server.edit', service, server: { ...server, weight: 0 } };
  }
}

function distribution({ servers }: VirtualService, { choices, peaks }: Play): Distribution {
  const counts = new Map<RealServer | null, number>();
  for (const server of choices) counts.set(server, (counts.get(server) ?? 0) + 1);
  const refused = counts.get(null) ?? 0;
  const placed = choices.length - refused;
  const weights = servers.reduce((sum, server) => sum + effectiveWeight(server), 0);
  const parts = servers.map((server): ServerPart => {
    const weight = effectiveWeight(server);
    const connections = counts.get(server) ?? 0;
    const [fair, share] = [weights === 0 ? 0 : weight / weights, placed === 0 ? 0 : connections / placed];
    const ratio = fair === 0 || placed === 0 ? null : share / fair;
    return { key: server.key, weight, fair, connections, share, ratio, peak: peaks.get(server)! };
  });
  const ratios = parts.flatMap(({ ratio }) => ratio ?? []);
  const skew = ratios.length === 0 ? null : ratios.reduce((most, ratio) => Math.max(most, ratio));
  return { servers: parts.reverse(), placed, refused, skew };
}

function movement(before: Play, after: Play, removed: ServerKey): Pick<Change, 'moved' | 'unavoidable'> {
  const nameOf = (server: RealServer | null) => server && serverKeyText(server.key);
  let [moved, unavoidable] = [0, 0];
  for (const [index, server] of before.choices.entries()) {
    const name = nameOf(server);
    if (name === nameOf(after.choices[index]!)) continue;
    moved++;
    if (name === serverKeyText(removed)) unavoidable++;
  }
  return { moved, unavoidable };
}
