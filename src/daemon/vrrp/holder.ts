/**
 * What a MASTER holds: addresses, routes and rules. Orders of one instance are carried out one after
 * the other, so that what is taken and given up again in one moment ends as it should.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Address } from '../../core/model/model.ts';
import type { Effect } from '../../core/vrrp/state.ts';
import type { Announcer } from '../../net/announce.ts';
import type { Assigner } from '../../net/assign/assigner.ts';
import type { AddressAssignment } from '../../net/assign/assignments.ts';
import { readIpNames } from '../../net/assign/ip-names.ts';
import { Promotion } from '../../net/assign/promotion.ts';
import type { Link } from '../../net/facts.ts';
import type { Firewall } from '../../net/firewall/firewall.ts';
import type { HeldFile } from './held-file.ts';
import { deleteHolding, type Holding, holdingKey, holdingsOf, takeHolding } from './holding.ts';
import { isSameMacvlan, Macvlans, macvlanName, vmacDevices } from './macvlans.ts';
import type { NetworkView } from './network-view.ts';
import type { LogLevel } from './protocol.ts';
import type { ConfiguredInstance, VrrpSettings } from './settings.ts';

export interface HolderOptions {
  readonly assigner: Assigner;
  readonly announcer: Announcer;
  readonly view: NetworkView;
  readonly file: HeldFile;
  readonly firewall: Firewall;
  readonly log: (level: LogLevel, fields: object, message: string) => void;
}

/** keepalived's: below it, one for each rule. */
const FIRST_RULE_PRIORITY = 16384;

/** How often, and whether only on other interfaces than the instance's own. */
type Announced = Omit<Extract<Effect, { type: 'announce' }>, 'type'>;

interface Station {
  configured: ConfiguredInstance;
  link: Link | null;
  taken: boolean;
  /** In the order in which they were added. */
  held: readonly Holding[];
  /** Settles when all that was ordered is done. */
  done: Promise<void>;
}

export class Holder {
  readonly #options: HolderOptions;
  readonly #macvlans: Macvlans;
  readonly #promotion = new Promotion();
  #paces: VrrpSettings['paces'] = [];
  readonly #stations = new Map<string, Station>();
  /** What is still done for instances that are gone: one of the same name that follows waits for it. */
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(options: HolderOptions) {
    this.#options = options;
    this.#macvlans = new Macvlans(options.assigner);
  }

  /** Gaps between announcements of what is announced from now on. */
  pace(paces: VrrpSettings['paces']): void {
    this.#paces = paces;
  }

  /** What the instance is to hold from now on, if it holds anything. */
  assign(configured: ConfiguredInstance, link: Link | null): void {
    const known = this.#stations.get(configured.name);
    if (known === undefined) {
      const done = this.#leaving.get(configured.name) ?? Promise.resolve();
      const station = { configured, link, taken: false, held: [], done };
      this.#stations.set(configured.name, station);
      this.#then(station, async () => void (await this.#standOn(station)));
      return;
    }
    const before = known.configured;
    const changed = known.link?.ifindex !== link?.ifindex || !isDeepStrictEqual(before, configured);
    Object.assign(known, { configured, link });
    if (!isSameMacvlan(before, configured)) this.#then(known, () => this.#macvlans.remove(before));
    if (changed) this.#then(known, async () => void (await this.#standOn(known)));
    if (known.taken && changed) this.#order(known);
  }

  /** The instance is gone: with it, what it stood on. What it held is released already. */
  forget(name: string): void {
    const station = this.#stations.get(name);
    if (station === undefined) return;
    this.#stations.delete(name);
    this.#then(station, () => this.#macvlans.remove(station.configured));
    this.#then(station, async () => this.#promotion.withdraw(name));
    this.#leaving.set(name, station.done);
  }

  take(name: string): void {
    const station = this.#station(name);
    station.taken = true;
    this.#order(station);
  }

  release(name: string): void {
    const station = this.#station(name);
    station.taken = false;
    for (const [device, addresses] of this.#announced(station)) this.#options.announcer.cancel(device, addresses);
    this.#order(station);
  }

  /** Once its addresses are there. */
  announce(name: string, what: Announced): void {
    const station = this.#station(name);
    this.#then(station, async () => {
      if (station.taken) this.#announce(station, what);
    });
  }

  /** The instance that holds this address there. */
  holderOf(ifindex: number, address: Address): string | undefined {
    for (const [name, { taken, held }] of this.#stations) {
      const isIt = (each: AddressAssignment) => each.ifindex === ifindex && each.address === address;
      if (taken && addressesIn(held).some(isIt)) return name;
    }
    return undefined;
  }

  /** Every instance is gone. Resolves when all that was ordered is done. */
  async end(): Promise<void> {
    for (const name of this.#stations.keys()) this.forget(name);
    await Promise.all(this.#leaving.values());
  }

  #station(name: string): Station {
    const station = this.#stations.get(name);
    if (station === undefined) throw new Error(`nothing is assigned to ${name}`);
    return station;
  }

  #order(station: Station): void {
    this.#then(station, () => this.#bring(station));
  }

  #then(station: Station, work: () => Promise<void>): void {
    station.done = station.done.then(work).catch((error: unknown) => this.#fault(station, error));
  }

  #fault({ configured }: Station, error: unknown): void {
    const { name } = configured;
    this.#options.log(
      'error',
      { instance: name },
      `${name}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }

  /** What is held to what is wanted now. One that fails is told, and the others go on. */
  async #bring(station: Station): Promise<void> {
    const { assigner } = this.#options;
    const before = station.held;
    const wanted = await this.#wanted(station);
    station.held = wanted;
    // On the disk before it is in the kernel: who starts after a crash knows what may be left.
    await this.#save(station, before);
    const keys = new Set(wanted.map(holdingKey));
    const dropped = before.filter((holding) => !keys.has(holdingKey(holding))).reverse();
    // No packet is taken between the address and the rule against it.
    await this.#guard(station, [...before, ...wanted]);
    for (const holding of dropped) {
      await deleteHolding(assigner, holding).catch((error: unknown) => this.#fault(station, error));
    }
    for (const holding of wanted) {
      await takeHolding(assigner, holding).catch((error: unknown) => this.#fault(station, error));
    }
    if (dropped.length > 0) await this.#guard(station, wanted);
    await this.#save(station);
  }

  /** Where it does not accept packets to its addresses, nobody on this machine gets any. */
  async #guard(station: Station, holdings: readonly Holding[]): Promise<void> {
    const { name, accept } = station.configured;
    const blocked = accept ? [] : unique(addressesIn(holdings));
    await this.#options.firewall.block(name, blocked).catch((error: unknown) => this.#fault(station, error));
  }

  async #wanted(station: Station): Promise<readonly Holding[]> {
    const { configured, link, taken } = station;
    if (!taken || link === null) return [];
    const standard = (await this.#standOn(station)) ?? link.ifindex;
    const macvlans = await this.#macvlansBeside(station);
    const { holdings, faults } = holdingsOf(configured, {
      macvlanOn: (name) => macvlans.get(name),
      ifindexOf: (name) => this.#options.view.link(name)?.ifindex,
      standard,
      other: link.ifindex,
      names: readIpNames(),
      rulePriority: FIRST_RULE_PRIORITY - this.#rulesBefore(station),
    });
    for (const fault of faults) this.#fault(station, new Error(fault));
    return holdings;
  }

  /** Index of its macvlan; undefined: it has none, or stands nowhere. */
  async #standOn({ configured, link }: Station): Promise<number | undefined> {
    if (!configured.promoteSecondaries) this.#promotion.withdraw(configured.name);
    else if (link !== null) this.#promotion.ask(configured.name, link.name);
    return configured.vmac === null || link === null ? undefined : await this.#macvlans.ensure(configured, link);
  }

  /** Indexes of its macvlans on other interfaces, by the name of the interface below. */
  async #macvlansBeside({ configured }: Station): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const device of vmacDevices(configured)) {
      const parent = this.#options.view.link(device);
      if (parent !== undefined) found.set(device, await this.#macvlans.ensureOn(configured, parent));
    }
    return found;
  }

  #rulesBefore(station: Station): number {
    const all = [...this.#stations.values()];
    return all.slice(0, all.indexOf(station)).reduce((sum, { configured }) => sum + configured.rules.length, 0);
  }

  async #save(station: Station, more: readonly Holding[] = []): Promise<void> {
    try {
      await this.#options.file.save([...more, ...[...this.#stations.values()].flatMap(({ held }) => held)]);
    } catch (error) {
      this.#fault(station, error);
    }
  }

  #announce(station: Station, { repeat, where }: Announced): void {
    const { announcements } = station.configured;
    const own = [station.link?.name, macvlanName(station.configured)];
    for (const [device, addresses] of this.#announced(station)) {
      if (where === 'other interfaces' && own.includes(device)) continue;
      const mac = this.#options.view.link(device)?.mac;
      if (!mac) continue;
      const found = paceOf(this.#paces, this.#macvlans.parentOf(device) ?? device);
      const { arpGap, neighbourGap } = found ?? announcements;
      this.#options.announcer.announce({
        ...{ device, mac, addresses, repeat, pace: found?.name, router: forwardsIPv6(device) },
        ...{ arpGap: arpGap * 1000, neighbourGap: neighbourGap * 1000 },
      });
    }
  }

  /** Addresses by the name of their interface. */
  #announced({ held }: Station): Map<string, Address[]> {
    const found = new Map<string, Address[]>();
    for (const { ifindex, address } of addressesIn(held)) {
      const device = this.#options.view.linkAt(ifindex)?.name;
      if (device !== undefined) found.set(device, [...(found.get(device) ?? []), address]);
    }
    return found;
  }
}

/** The group of an interface, in which all have one switch; undefined: it is in none. */
function paceOf(paces: VrrpSettings['paces'], device: string) {
  const pace = paces.find(({ interfaces }) => interfaces.includes(device));
  return pace && { ...pace, name: pace.interfaces.join(' ') };
}

function addressesIn(held: readonly Holding[]): AddressAssignment[] {
  return held.flatMap((holding) => (holding.kind === 'address' ? [holding.value] : []));
}

function unique(addresses: readonly AddressAssignment[]): AddressAssignment[] {
  return [...new Map(addresses.map((each) => [`${each.ifindex} ${each.address}`, each])).values()];
}

/** A neighbour advertisement says whether its sender is a router (RFC 4861 4.4). */
function forwardsIPv6(device: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${device}/forwarding`, 'utf8').trim() !== '0';
  } catch {
    return false; // this kernel has no IPv6, or the interface is gone
  }
}
