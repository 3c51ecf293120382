/**
 * drop_entry, drop_packet and secure_tcp: once a second, whether memory is short
 * decides what is at work (update_defense_level of net/netfilter/ipvs/ip_vs_ctl.c).
 */
import { readFileSync } from 'node:fs';
import type { Model } from '../core/model/model.ts';
import type { Sysctls } from '../core/model/sysctls.ts';
import type { Defense as Level } from '../core/reconcile/tunables.ts';
import type { Log } from './log.ts';

/** Milliseconds. */
const INTERVAL = 1000;
const ALWAYS = 3;
const PAGE = 4096;

export interface DefenseState extends Level {
  readonly dropsEntries: boolean;
}

export const AT_REST: DefenseState = { dropRate: 0, secureTcp: false, dropsEntries: false };

/** `available`: pages of free and buffer memory. */
export function defenseOf(sysctls: Sysctls, available: number): DefenseState {
  const { amemthresh, am_droprate, drop_entry, drop_packet, secure_tcp } = sysctls;
  const short = available < amemthresh;
  const isOn = (mode: number) => mode === ALWAYS || (mode !== 0 && short);
  const shortRate = short ? Math.floor(amemthresh / (amemthresh - available)) : 0;
  const dropRate = drop_packet === ALWAYS ? am_droprate : drop_packet === 0 ? 0 : shortRate;
  return { dropRate, secureTcp: isOn(secure_tcp), dropsEntries: isOn(drop_entry) };
}

/** Pages, from the text of /proc/meminfo. */
export function availablePages(meminfo: string): number {
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0);
  return Math.floor(((kilobytes('MemFree') + kilobytes('Buffers')) * 1024) / PAGE);
}

export function sameDefense(a: DefenseState, b: DefenseState): boolean {
  return a.dropRate === b.dropRate && a.secureTcp === b.secureTcp && a.dropsEntries === b.dropsEntries;
}

/** Keeps `current` up to date, and the data plane's settings with it. */
export function startDefense(
  director: { readonly model: Model; tune(): void },
  current: { level: DefenseState },
  log: Pick<Log, 'warn'>,
): Disposable {
  const look = () => {
    const { sysctls } = director.model;
    if (sysctls.drop_entry + sysctls.drop_packet + sysctls.secure_tcp === 0 && sameDefense(current.level, AT_REST))
      return;
    const level = defenseOf(sysctls, availablePages(readFileSync('/proc/meminfo', 'utf8')));
    if (sameDefense(level, current.level)) return;
    current.level = level;
    log.warn({ ...level }, 'defense against a flood');
    director.tune();
  };
  const timer = setInterval(look, INTERVAL);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
