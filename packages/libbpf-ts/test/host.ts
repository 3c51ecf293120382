// What kernel tests need of the host: a BPF file system and network namespaces of their own, gone
// after the test whatever happens.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountBpffs as mount } from '../src/pin.ts';

const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' });

export interface Bpffs extends Disposable {
  /** A path in it. */
  path(name: string): string;
}

/** Mounts a BPF file system on a temporary directory. */
export function mountBpffs(): Bpffs {
  const directory = mkdtempSync(join(tmpdir(), 'bpffs-'));
  mount(directory);
  return {
    path: (name) => join(directory, name),
    [Symbol.dispose]: () => {
      run('umount', directory);
      rmdirSync(directory);
    },
  };
}

export interface NetworkNamespace extends Disposable {
  name: string;
  /** The command that runs another one inside. */
  prefix: readonly string[];
  /** Runs `ip` inside. */
  ip(...args: string[]): string;
  /** /sys shows another namespace's interfaces, so children are told the index. */
  ifindex(device: string): number;
}

/** Makes a network namespace with a random name, and `veth0` and `veth1` that are joined and up. */
export function makeNamespace(): NetworkNamespace {
  const name = `libbpf-ts-${randomBytes(4).toString('hex')}`;
  const ip = (...args: string[]) => run('ip', '-netns', name, ...args);
  run('ip', 'netns', 'add', name);
  const namespace = {
    name,
    prefix: ['nsenter', `--net=/run/netns/${name}`],
    ip,
    ifindex: (device: string) => Number(ip('-o', 'link', 'show', device).split(':')[0]),
    [Symbol.dispose]: () => void run('ip', 'netns', 'del', name),
  };
  try {
    ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1');
    for (const device of ['lo', 'veth0', 'veth1']) ip('link', 'set', device, 'up');
    return namespace;
  } catch (error) {
    namespace[Symbol.dispose]();
    throw error;
  }
}
