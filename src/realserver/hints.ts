/**
 * What else a real server needs so that unwrapped packets reach a program: the
 * classic mistakes of a tunnelled service, as far as they cost nothing to see.
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { addressFamily, parseAddress } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';

export interface HostFacts {
  /** Addresses of this machine, on interfaces that are up. */
  readonly addresses: ReadonlySet<Address>;
  /** Of net.ipv4.conf: the larger of `all` and the interface, as the kernel takes it. */
  readonly sysctl: (name: 'rp_filter' | 'arp_ignore') => number;
}

/** Sentences for a person; none: nothing is known to be wrong. */
export function hints(name: string, vips: readonly Address[], facts: HostFacts): string[] {
  const missing = vips.filter((vip) => !facts.addresses.has(vip));
  const ours = vips.filter((vip) => addressFamily(vip) === 4 && facts.addresses.has(vip));
  const found = missing.map((vip) => {
    const prefix = addressFamily(vip) === 4 ? 32 : 128;
    const cure = `ip address add ${vip}/${prefix} dev lo`;
    return `${vip} is no address of this machine: the kernel will not take the packets for it (${cure})`;
  });
  if (vips.some((vip) => addressFamily(vip) === 4) && facts.sysctl('rp_filter') === 1) {
    const cure = `sysctl -w net.ipv4.conf.${name}.rp_filter=2`;
    found.push(`${name} drops packets of clients that are not reached by way of it: its rp_filter is strict (${cure})`);
  }
  if (ours.length > 0 && facts.sysctl('arp_ignore') === 0) {
    const cure = `sysctl -w net.ipv4.conf.${name}.arp_ignore=1`;
    found.push(`${name} answers ARP for ${ours.join(', ')}, which is the director's to answer (${cure})`);
  }
  return found;
}

/** Of the network namespace that this process is in. */
export function readHostFacts(name: string): HostFacts {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return {
    addresses: new Set(addresses.flatMap(({ address }) => parseAddress(address) ?? [])),
    sysctl: (setting) => Math.max(readSysctl('all', setting), readSysctl(name, setting)),
  };
}

/** 0 where the kernel has no such setting. */
function readSysctl(name: string, setting: string): number {
  try {
    return Number(readFileSync(`/proc/sys/net/ipv4/conf/${name}/${setting}`, 'utf8'));
  } catch {
    return 0;
  }
}
