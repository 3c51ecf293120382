/**
 * A director in a random world: commands, a changing network, connections that
 * come and go, recounts, restarts and crashes. Whatever happens, after every
 * single operation
 *  - nothing that is published refers to what is not there,
 *  - every service is wholly the old one or wholly the new one,
 *  - a connection's slot is its real server's, retired or not;
 * and after every plan the maps are those of the model, whatever of it was kept of
 * the plan before. For tests.
 */
import { applyCommands, emptyModel } from '../model/apply-command.ts';
import type { Command } from '../model/command.ts';
import type { Address, Model, ServiceKey } from '../model/model.ts';
import type { Resolution } from '../model/resolution.ts';
import { adopt } from './adopt.ts';
import { addressOf, checkDerived, checkMaps, isLive, slotsOf } from './expectation.ts';
import { FakeMaps } from './fake-maps.ts';
import { type Remembered, remember } from './memory.ts';
import { emptyState, type Network, Reconciler } from './reconciler.ts';

export const LIMITS = { services: 8, realServers: 64, nextHops: 64, lines: 2000 };
const VIPS = ['192.0.2.100', '2001:db8::100'] as Address[];
export const SERVICES: ServiceKey[] = VIPS.flatMap((address) =>
  [80, 0].map((port) => ({ protocol: 'tcp' as const, address, port })),
);
export const SERVERS = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '2001:db8::1', '2001:db8::2'] as Address[];
const ROUTERS = ['10.0.0.254', '10.0.1.254'] as Address[];

export interface Way {
  /** Null: no route. 0: on the link itself; others: by a router. */
  readonly gateway: number | null;
  readonly mac: number;
  readonly ifindex: number;
  readonly mtu: number;
}

export type Event =
  | { readonly type: 'commands'; readonly commands: readonly Command[]; readonly crashAt: number | null }
  | { readonly type: 'network'; readonly server: number; readonly way: Way }
  | { readonly type: 'connect'; readonly service: number; readonly pick: number }
  | { readonly type: 'disconnect'; readonly pick: number }
  | { readonly type: 'recount' }
  | { readonly type: 'restart' }
  | { readonly type: 'wait'; readonly ms: number };

interface Connection {
  readonly service: string;
  readonly slot: number;
  readonly server: string;
  readonly serverId: number;
}

/** It throws where something is not as it has to be. */
export class Director {
  readonly maps = new FakeMaps(LIMITS);
  model: Model = emptyModel;
  private known = networkOf(SERVERS.map(() => ({ gateway: 0, mac: 1, ifindex: 5, mtu: 1500 })));
  now = 0;
  reconciler = new Reconciler(emptyState(LIMITS));
  private saved: Remembered[] = [];
  private connections: Connection[] = [];

  happen(event: Event): void {
    this.now += 10;
    switch (event.type) {
      case 'commands':
        this.command(event.commands, event.crashAt);
        return;
      case 'network':
        this.known = networkOf(this.known.ways.with(event.server, event.way));
        this.reconcile(this.model, null);
        return;
      case 'connect':
        this.connect(event.service, event.pick);
        return;
      case 'disconnect':
        this.connections.splice(event.pick % (this.connections.length + 1), 1);
        return;
      case 'recount': {
        const held = new Set(this.connections.map(({ serverId }) => serverId));
        const isStale = this.reconciler.recounted((id) => held.has(id), this.now, this.now + 5);
        if (isStale) this.reconcile(this.model, null);
        return;
      }
      case 'restart':
        this.restart();
        this.mustBeEmpty('a plan after a start', this.now);
        this.reconcile(this.model, null);
        return;
      case 'wait':
        this.now += event.ms;
    }
  }

  private command(commands: readonly Command[], crashAt: number | null): void {
    const applied = applyCommands(this.model, commands);
    if ('error' in applied) return;
    this.reconcile(applied.model, crashAt);
    this.model = applied.model;
  }

  /** As the daemon does it: what must be remembered is saved before the first operation. */
  private reconcile(model: Model, crashAt: number | null): void {
    const network = this.network();
    const planned = this.reconciler.plan(model, network, this.now);
    if (!planned.ok) throw new Error(planned.message);
    checkDerived(planned.state);
    this.saved = JSON.parse(JSON.stringify(remember(planned.state)));
    const before = views(this.maps);
    const executed = planned.operations.slice(0, crashAt ?? undefined);
    const seen = executed.map((operation) => {
      this.maps.execute(operation);
      this.maps.checkReferences();
      this.checkConnections();
      return views(this.maps);
    });
    if (executed.length < planned.operations.length) {
      this.restart();
      this.reconcile(model, null);
      return;
    }
    this.reconciler.commit(planned);
    checkMaps(this.maps.have(), model, network, remember(planned.state));
    this.checkSteps(before, seen);
    this.mustBeEmpty('a second plan', this.now + 1, model);
  }

  private mustBeEmpty(what: string, now: number, model = this.model): void {
    const planned = this.reconciler.plan(model, this.network(), now);
    const operations = planned.ok ? planned.operations : [planned.message];
    if (operations.length > 0) throw new Error(`${what} is not empty: ${JSON.stringify(operations)}`);
  }

  restart(): void {
    this.reconciler = new Reconciler(adopt(this.maps.have(), this.saved, LIMITS, this.now));
  }

  private checkSteps(before: Views, seen: readonly Views[]): void {
    const after = views(this.maps);
    for (const step of seen) {
      for (const [name, view] of step) {
        if (view !== before.get(name) && view !== after.get(name))
          throw new Error(`${name} was neither old ${before.get(name)} nor new ${after.get(name)}: ${view}`);
      }
    }
  }

  private connect(service: number, pick: number): void {
    const have = this.maps.have();
    const element = have.services[service];
    const slots = element === undefined ? [] : slotsOf(have, element);
    const slot = slots.findIndex((candidate, i) => i >= pick % (slots.length + 1) && isLive(candidate));
    if (element === undefined || slot < 0) return;
    const name = JSON.stringify(element.key);
    this.connections.push({ service: name, slot, server: String(addressOf(slots[slot]!)), serverId: slots[slot]!.id });
  }

  private checkConnections(): void {
    const have = this.maps.have();
    for (const { service, slot, server, serverId } of this.connections) {
      const element = have.services.find(({ key }) => JSON.stringify(key) === service);
      if (element === undefined) continue;
      const found = slotsOf(have, element)[slot];
      if (found === undefined || String(addressOf(found)) !== server || found.id !== serverId) {
        throw new Error(`slot ${slot} of ${service} was ${server} (${serverId}), is ${JSON.stringify(found)}`);
      }
    }
  }

  /** The same one for as long as nothing happens to it. */
  network(): Network {
    return this.known;
  }
}

function networkOf(ways: readonly Way[]): Network & { readonly ways: readonly Way[] } {
  const interfaces = [5, 6].map((ifindex) => ({
    ifindex,
    mac: Uint8Array.of(2, 0, 0, 0, 1, ifindex),
    attached: true,
    routers: [],
  }));
  return { ways, interfaces, resolution: (address) => resolve(address, ways[SERVERS.indexOf(address)]!) };
}

/** Routers have one MAC address each, as the neighbour table does. */
function resolve(address: Address, { gateway, mac, ifindex, mtu }: Way): Resolution {
  if (gateway === null) return { state: 'unresolved', reason: 'no route' };
  const source = (address.includes(':') ? '2001:db8::fe' : '10.0.0.250') as Address;
  const common = {
    state: 'resolved',
    ifindex,
    interfaceName: `eth${ifindex}`,
    mtu,
    source,
    neighbour: 'reachable',
  } as const;
  const vlan = { mode: 'keep' } as const;
  if (gateway === 0) return { ...common, gateway: address, mac: Uint8Array.of(2, 0, 0, 0, 2, mac), vlan };
  return { ...common, gateway: ROUTERS[gateway - 1]!, mac: Uint8Array.of(2, 0, 0, 0, 3, gateway), vlan };
}

type Views = Map<string, string>;

/** Every service as a packet finds it: who gets it and by which port; not the MAC address, which changes by itself. */
function views(maps: FakeMaps): Views {
  const have = maps.have();
  return new Map(
    have.services.map((element) => {
      const servers = slotsOf(have, element).map((slot) => {
        const hop = have.nextHops.get(slot.next_hop);
        return [addressOf(slot), slot.id, slot.flags, slot.method, slot.turns_after, slot.mtu, hop?.port];
      });
      const { turns_line, turn_count, ring_size, scheduler, flags, generation } = element;
      const turns = turn_count === 0 ? [] : have.line(turns_line)?.turns?.slice(0, turn_count);
      return [JSON.stringify(element.key), JSON.stringify({ servers, turns, ring_size, scheduler, flags, generation })];
    }),
  );
}
