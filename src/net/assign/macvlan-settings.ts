/** The kernel's settings (sysctl) that a macvlan with a virtual MAC needs, those that keepalived makes. */
import { join } from 'node:path';
import { readSetting, writeSetting } from './settings-file.ts';

/** Settings of the parent as they were. */
export type ParentSettings = ReadonlyMap<string, string>;

const PROC = '/proc/sys/net';

/** Of the macvlan. */
const MACVLAN = [
  // Only for its own addresses, not for the parent's.
  ['arp_ignore', '1'],
  // Advertisements of another instance on the same machine come from an address of this one.
  ['accept_local', '1'],
  // It receives while it has no address. net.ipv4.conf.all.rp_filter must be 0, too: the larger one holds.
  ['rp_filter', '0'],
  // A VIP may be the primary address of the others; releasing it must not take them along.
  ['promote_secondaries', '1'],
] as const;

/** Of the interface below: it must not answer for the macvlan's addresses, in the macvlan's place. */
const PARENT = [
  ['arp_ignore', '1'],
  ['arp_filter', '1'],
] as const;

export interface MacvlanUse {
  /** Whether it is to hold IPv4 addresses. Without, IPv4's settings stay as they are, the parent's, too. */
  readonly ipv4: boolean;
  /** The same of IPv6. Without, IPv6 is switched off on it. */
  readonly ipv6: boolean;
  /** Where sysctls are; `/proc/sys/net`. */
  readonly directory?: string;
}

/**
 * Returns what the parent had before: of the first macvlan on it, that is for
 * `restoreParent` when the last one is gone. Throws an Error that names the file which cannot be written.
 */
export function tuneMacvlan(name: string, parent: string, use: MacvlanUse): ParentSettings {
  const { ipv4, ipv6, directory = PROC } = use;
  const disable = join(directory, 'ipv6/conf', name, 'disable_ipv6');
  // Without IPv6 in the kernel there is nothing to switch off.
  if (ipv6 || readSetting(disable) !== null) writeSetting(disable, ipv6 ? '0' : '1');
  if (!ipv4) return new Map();
  for (const [key, value] of MACVLAN) writeSetting(join(directory, 'ipv4/conf', name, key), value);
  const before = PARENT.map(([key]) => [key, readSetting(join(directory, 'ipv4/conf', parent, key)) ?? '0'] as const);
  for (const [key, value] of PARENT) writeSetting(join(directory, 'ipv4/conf', parent, key), value);
  return new Map(before);
}

/** A parent that is gone needs none. Throws an Error that names the file which cannot be written. */
export function restoreParent(parent: string, before: ParentSettings, directory = PROC): void {
  for (const [key, value] of before) {
    const file = join(directory, 'ipv4/conf', parent, key);
    if (readSetting(file) !== null) writeSetting(file, value);
  }
}
