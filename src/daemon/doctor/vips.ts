/** The virtual addresses of this director: where each belongs, and who answers for it. */
import { addressBytes, addressFamily } from '../../core/model/address.ts';
import type { Address, Model } from '../../core/model/model.ts';
import { inPrefix, isLinkLocal, macText } from '../../net/address.ts';
import { type Probed, type ProbedDevice, probeAddresses } from '../../net/address-probe.ts';
import type { LocalAddress } from '../../net/facts.ts';
import type { Interface } from '../../net/interfaces.ts';
import type { Resolution } from '../../net/resolution.ts';
import type { ConfiguredInstance } from '../vrrp/settings.ts';
import type { OtherHolder, VipFacts } from './facts.ts';

export interface VipSources {
  readonly instances: readonly ConfiguredInstance[];
  readonly model: Pick<Model, 'services'>;
  readonly interfaces: readonly Interface[];
  readonly localAddresses: readonly LocalAddress[];
  readonly resolution: (address: Address) => Resolution;
  /** IPv4 addresses by MAC address; asked for after the probes. */
  readonly neighbours: () => ReadonlyMap<string, string>;
}

interface Vip {
  readonly address: Address;
  readonly instance: string | null;
  readonly heldOn: readonly string[];
  readonly device: Interface | null;
}

/** Takes half a second. */
export async function vipFacts(sources: VipSources): Promise<VipFacts[]> {
  const vips = [...vipsOf(sources).values()];
  const { interfaces } = sources;
  const own = new Set(interfaces.flatMap(({ mac }) => (mac === null ? [] : [macText(mac)])));
  const probed = await probeAddresses(probedDevices(vips, sources), own);
  const neighbours = sources.neighbours();
  return vips.map((vip) => factsOf(vip, probed, neighbours, sources));
}

/** An instance's word before a service's. */
function vipsOf(sources: VipSources): Map<Address, Vip> {
  const { instances, model, interfaces, localAddresses } = sources;
  const vips = new Map<Address, Vip>();
  const add = (address: Address, instance: string | null, device: string | null) => {
    if (vips.has(address)) return;
    const held = localAddresses.filter((each) => each.address === address).map(({ ifindex }) => ifindex);
    const heldOn = interfaces.filter(({ ifindex }) => held.includes(ifindex));
    const found = interfaces.find(({ name }) => name === device) ?? placeOf(address, heldOn, sources);
    vips.set(address, { address, instance, heldOn: heldOn.map(({ name }) => name), device: found });
  };
  for (const { name, interface: standard, addresses, excluded } of instances) {
    for (const { address, options } of [...addresses, ...excluded]) add(address, name, options.dev ?? standard);
  }
  for (const { key } of model.services.values()) if (key.protocol !== 'fwmark') add(key.address, null, null);
  return vips;
}

/** The Ethernet that an address is of: where it stands, or where its network is. */
function placeOf(
  address: Address,
  heldOn: readonly Interface[],
  { interfaces, localAddresses }: VipSources,
): Interface | null {
  const standing = heldOn.find(isEthernet);
  if (standing !== undefined) return standing;
  const bytes = addressBytes(address);
  const around = localAddresses.filter(
    (local) =>
      local.address !== address &&
      addressFamily(local.address) === addressFamily(address) &&
      inPrefix(bytes, addressBytes(local.address), local.prefix),
  );
  const indexes = around.map(({ ifindex }) => ifindex);
  return interfaces.find((each) => isEthernet(each) && indexes.includes(each.ifindex)) ?? null;
}

/** A MAC address of zeros is the loopback's. */
function isEthernet({ mac }: Interface): boolean {
  return mac?.some((byte) => byte !== 0) ?? false;
}

function probedDevices(vips: readonly Vip[], { localAddresses }: VipSources): ProbedDevice[] {
  const devices = new Map(vips.flatMap(({ device }) => (device === null ? [] : [[device.name, device] as const])));
  return [...devices.values()].flatMap(({ name, ifindex, mac }) => {
    if (mac === null) return [];
    const local = localAddresses.filter((each) => each.ifindex === ifindex && !each.tentative);
    const linkLocal = local.find(({ address }) => address.includes(':') && isLinkLocal(address))?.address ?? null;
    const addresses = vips.filter(({ device }) => device?.name === name).map(({ address }) => address);
    return [{ device: name, mac, linkLocal, addresses }];
  });
}

function factsOf(
  { device, ...vip }: Vip,
  { holders, faults }: Probed,
  neighbours: ReadonlyMap<string, string>,
  sources: VipSources,
): VipFacts {
  const macs = holders.get(vip.address);
  const unasked = device === null ? 'it is on no network of this machine' : (faults.get(vip.address) ?? null);
  const others = macs?.map((mac) => holderOf(mac, vip.address, neighbours, sources)) ?? null;
  return { ...vip, device: device?.name ?? null, others, unasked: others === null ? unasked : null };
}

function holderOf(
  mac: string,
  vip: Address,
  neighbours: ReadonlyMap<string, string>,
  { model, resolution }: VipSources,
): OtherHolder {
  const services = [...model.services.values()].filter(({ key }) => key.protocol !== 'fwmark' && key.address === vip);
  const server = services
    .flatMap(({ servers }) => servers)
    .find(({ key }) => {
      const found = resolution(key.address);
      return found.state === 'resolved' && found.gateway === key.address && macText(found.mac) === mac;
    });
  return {
    mac,
    address: server?.key.address ?? neighbours.get(mac) ?? null,
    isRealServer: server !== undefined,
  };
}
