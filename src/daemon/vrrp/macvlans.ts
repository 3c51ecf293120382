/** The interfaces of virtual routers that have a MAC address of their own (`use_vmac`). */
import { macText } from '../../net/address.ts';
import type { Assigner } from '../../net/assign/assigner.ts';
import { type MacvlanUse, type ParentSettings, restoreParent, tuneMacvlan } from '../../net/assign/macvlan-settings.ts';
import type { Link } from '../../net/facts.ts';
import type { ConfiguredInstance } from './settings.ts';

interface Made {
  readonly ifindex: number;
  readonly parent: Link;
  /** Name of the instance. */
  readonly owner: string;
}

/** Interfaces other than its own where an instance has addresses with its MAC address. */
export function vmacDevices({ addresses, excluded, interface: own, vmacAddresses }: ConfiguredInstance): string[] {
  const devices = [...addresses, ...excluded].flatMap(({ options: { dev, use_vmac } }) =>
    dev !== undefined && dev !== own && (vmacAddresses || use_vmac === true) ? [dev] : [],
  );
  return [...new Set(devices)];
}

/** Whether frames to the MAC address of RFC 5798 7.3 are for it on this interface, or on any. */
export function hasVirtualMac(instance: ConfiguredInstance, device?: string): boolean {
  const { vmac, interface: own } = instance;
  if (vmac?.some(isMac)) return false;
  const devices = [...(vmac === null ? [] : [own]), ...vmacDevices(instance)];
  return device === undefined ? devices.length > 0 : devices.includes(device);
}

/** As keepalived names it, where the file does not: `vrrp.51`, `vrrp6.51`; `vrrp` is `vmac_prefix`. */
export function macvlanName({
  vmac,
  vmacPrefix,
  vrid,
  family,
}: Pick<ConfiguredInstance, 'vmac' | 'vmacPrefix' | 'vrid' | 'family'>): string {
  const [first = ''] = vmac ?? [];
  if (first !== '' && !isMac(first) && first !== 'netlink_notify_msg' && first !== 'group') return first;
  return family === 4 ? `${vmacPrefix}.${vrid}` : `${vmacPrefix}6.${vrid}`;
}

/** 6 bytes: what the file says, or RFC 5798 7.3's. */
export function macvlanMac({ vmac, vrid, family }: Pick<ConfiguredInstance, 'vmac' | 'vrid' | 'family'>): Uint8Array {
  const own = vmac?.find(isMac);
  if (own === undefined) return Uint8Array.of(0, 0, 0x5e, 0, family === 4 ? 1 : 2, vrid);
  return Uint8Array.from(own.split(':').map((byte) => Number.parseInt(byte, 16)));
}

/** None is the same as none. */
export function isSameMacvlan(a: ConfiguredInstance, b: ConfiguredInstance): boolean {
  if (vmacDevices(a).join() !== vmacDevices(b).join()) return false;
  if (a.vmac === null || b.vmac === null) return a.vmac === b.vmac;
  return macvlanName(a) === macvlanName(b) && macText(macvlanMac(a)) === macText(macvlanMac(b));
}

export class Macvlans {
  readonly #assigner: Assigner;
  readonly #made = new Map<string, Made>();
  /** What parents had before their first macvlan. */
  readonly #before = new Map<string, ParentSettings>();

  constructor(assigner: Assigner) {
    this.#assigner = assigner;
  }

  /** Its index; made where it is missing. Rejects with an Error that says what the kernel refused. */
  ensure(instance: ConfiguredInstance, parent: Link): Promise<number> {
    const use = { ipv4: instance.family === 4, ipv6: instance.family === 6 };
    return this.#ensure(instance, macvlanName(instance), parent, use);
  }

  /** The same on another interface than its own, for addresses alone. */
  ensureOn(instance: ConfiguredInstance, parent: Link): Promise<number> {
    const { vmacAddressPrefix: prefix, vrid, family } = instance;
    const name = `${prefix}${family === 4 ? '' : '6'}.${vrid}.${parent.ifindex}`;
    return this.#ensure(instance, name, parent, { ipv4: true, ipv6: true });
  }

  async #ensure(instance: ConfiguredInstance, name: string, parent: Link, use: MacvlanUse): Promise<number> {
    const known = this.#made.get(name);
    if (known?.parent.ifindex === parent.ifindex) return known.ifindex;
    const ifindex = await this.#assigner.addMacvlan({ name, parent: parent.ifindex, mac: macvlanMac(instance) });
    this.#made.set(name, { ifindex, parent, owner: instance.name });
    const before = tuneMacvlan(name, parent.name, use);
    if (!this.#before.has(parent.name)) this.#before.set(parent.name, before);
    return ifindex;
  }

  /** Name of the interface below; undefined: it is no macvlan of an instance. */
  parentOf(name: string): string | undefined {
    return this.#made.get(name)?.parent.name;
  }

  /** All of the instance. With the last one on it, the parent's settings are as they were. */
  async remove({ name: owner }: Pick<ConfiguredInstance, 'name'>): Promise<void> {
    for (const [name, made] of this.#made) if (made.owner === owner) await this.#remove(name, made);
  }

  async #remove(name: string, made: Made): Promise<void> {
    this.#made.delete(name);
    await this.#assigner.deleteLink(made.ifindex);
    const parent = made.parent.name;
    if ([...this.#made.values()].some((other) => other.parent.name === parent)) return;
    restoreParent(parent, this.#before.get(parent) ?? new Map());
    this.#before.delete(parent);
  }
}

function isMac(word: string): boolean {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(word);
}
