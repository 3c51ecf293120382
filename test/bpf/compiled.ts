/**
 * The data plane configured the product's own way: commands -> model -> plan ->
 * apply. Only the network is made up: every real server is a neighbour on the
 * ingress interface whose MAC address ends as its IP address does.
 */
import { applyCommand, emptyModel } from '../../src/core/model/apply-command.ts';
import type { Command } from '../../src/core/model/command.ts';
import type { Address, Model, VirtualService } from '../../src/core/model/model.ts';
import type { Resolution } from '../../src/core/model/resolution.ts';
import { emptyState, Reconciler } from '../../src/core/reconcile/reconciler.ts';
import { type Apply, createApply } from '../../src/dataplane/apply.ts';
import { mapsOf } from '../../src/dataplane/maps.ts';
import { programsOf } from '../../src/dataplane/programs.ts';
import { ScheduleMemory } from '../../src/dataplane/schedule-memory.ts';
import { addressBytes, macBytes, macText } from '../support/packet-bytes.ts';
import { goesBack } from './expect.ts';
import type { DataPlane, LiveCount } from './fixture.ts';
import { INGRESS } from './world.ts';

export class CompiledPlane {
  readonly #plane: DataPlane;
  readonly #apply: Apply;
  readonly #reconciler: Reconciler;
  #model: Model = emptyModel;
  #now = 0;

  constructor(plane: DataPlane) {
    this.#plane = plane;
    const maps = mapsOf(plane.object);
    this.#apply = createApply(
      maps,
      programsOf(plane.object, plane.object.spec.types),
      new ScheduleMemory(maps.schedules),
    );
    const size = (name: string): number => plane.object.mapSpec(name).maxEntries;
    this.#reconciler = new Reconciler(
      emptyState({
        services: size('services'),
        realServers: size('live_counts'),
        nextHops: size('next_hops'),
        lines: size('schedules'),
      }),
    );
  }

  /** One command, in the maps when this returns. Two seconds pass, so that what it freed may be used again. */
  do(command: Command): void {
    const applied = applyCommand(this.#model, command);
    if ('error' in applied) throw new Error(applied.error.message);
    const interfaces = [{ ifindex: INGRESS.ifindex, mac: macBytes(INGRESS.mac), attached: true, routers: [] }];
    this.#now += 2000;
    const planned = this.#reconciler.plan(applied.model, { resolution: resolve, interfaces }, this.#now);
    if (!planned.ok) throw new Error(planned.message);
    this.#apply(planned.operations);
    this.#reconciler.commit(planned);
    this.#model = applied.model;
  }

  /** Connections of a real server of the only service, by its address. */
  live(address: string): LiveCount {
    return this.#plane.live(this.#idOf(address));
  }

  overloaded(address: string): boolean {
    return this.#plane.overloaded(this.#idOf(address));
  }

  #idOf(address: string): number {
    const [entry] = [...this.#reconciler.state.entries.values()];
    const slot = entry?.slots.find((candidate) => candidate?.key.address === address);
    if (slot === undefined) throw new Error(`${address} has no slot`);
    return slot.id;
  }

  /** The only service. */
  get service(): VirtualService {
    const [service] = this.#model.services.values();
    if (service === undefined) throw new Error('there is no service');
    return service;
  }

  /** Address of the real server that a packet is sent to; null: it is dropped, passed or refused with an ICMP error. */
  chosen(frame: Buffer): string | null {
    const { verdict, frame: out } = this.#plane.run(frame);
    if (verdict !== 'tx' || goesBack(frame, out)) return null;
    const mac = macText(out);
    const servers = [...this.#model.services.values()].flatMap((service) => service.servers);
    return servers.find(({ key }) => serverMac(key.address) === mac)?.key.address ?? mac;
  }
}

function serverMac(address: string): string {
  const last = addressBytes(address).subarray(-4);
  return macText(Buffer.concat([Buffer.from([2, 0]), last]));
}

function resolve(address: Address): Resolution {
  return {
    state: 'resolved',
    ifindex: INGRESS.ifindex,
    interfaceName: 'lo',
    gateway: address,
    mac: macBytes(serverMac(address)),
    mtu: 1500,
    source: (address.includes(':') ? '2001:db8::5' : '192.0.2.5') as Address,
    vlan: { mode: 'keep' },
    neighbour: 'reachable',
  };
}
