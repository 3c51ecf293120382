/** Facts about this machine that only its files tell. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The setting of the kernel by its path below /proc/sys; null: there is none. */
export function readSysctl(path: string): string | null {
  return read(join('/proc/sys', path))?.trim() ?? null;
}

/** The kernel module of an interface; null: it has no device of its own. */
export function driverOf(device: string): string | null {
  try {
    return basename(readlinkSync(`/sys/class/net/${device}/device/driver`));
  } catch {
    return null; // virtual devices have none
  }
}

/** 0: the interface is gone. */
export function receiveQueues(device: string): number {
  try {
    return readdirSync(`/sys/class/net/${device}/queues`).filter((queue) => queue.startsWith('rx-')).length;
  } catch {
    return 0;
  }
}

/** IPv4 neighbours of this machine: address by MAC address, as text. */
export function neighbourAddresses(): Map<string, string> {
  const lines = read('/proc/net/arp')?.split('\n').slice(1) ?? [];
  const entries = lines.map((line) => line.split(/\s+/)).filter((fields) => fields.length >= 6);
  return new Map(entries.map(([address = '', , , mac = '']) => [mac, address]));
}

/** Null: there is no such file. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
