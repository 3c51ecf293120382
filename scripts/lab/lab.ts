/**
 * Builds a lab and removes it: at the end, at Ctrl-C, and, where the process
 * was killed, when the next lab is built or by `lab clean`.
 *
 *     await using lab = await Lab.build(standardSpec());
 *     await lab.host('client1').run('curl', [...]);
 */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { Host } from './host.ts';
import { configureHost, configureSwitch } from './network.ts';
import { labDirectory, namespaceName, register, removeLab, removeOrphans } from './registry.ts';
import { run } from './run.ts';
import type { LabSpec } from './spec.ts';

const SWITCH = 'switch';

export interface BuildOptions {
  /** The lab outlives this process; remove it with `lab clean ID`. */
  readonly keep?: boolean;
}

export class Lab implements AsyncDisposable {
  /** Six hexadecimal digits. */
  readonly id: string;
  readonly hosts: readonly Host[];
  /** Holds the bridges, and one port per interface of the hosts: HOST-0, HOST-1, ... */
  readonly switch: Host;
  readonly #removeAtExit: () => void;

  private constructor(id: string, spec: LabSpec) {
    this.id = id;
    const host = (name: string, hostSpec: LabSpec['hosts'][number]): Host =>
      new Host(hostSpec, namespaceName(id, name), labDirectory(id));
    this.hosts = spec.hosts.map((hostSpec) => host(hostSpec.name, hostSpec));
    this.switch = host(SWITCH, { name: SWITCH, ports: [] });
    this.#removeAtExit = () => removeLab(id);
  }

  /** @throws Error with the failed command's output; nothing is left behind then. */
  static async build(spec: LabSpec, options: BuildOptions = {}): Promise<Lab> {
    removeOrphans();
    const lab = new Lab(randomBytes(3).toString('hex'), spec);
    register(lab.id, options.keep ?? false);
    if (!options.keep) lab.#armRemoval();
    try {
      await lab.#construct(spec);
    } catch (error) {
      await lab.remove();
      throw error;
    }
    return lab;
  }

  host(name: string): Host {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined)
      throw new Error(`no host ${name} in this lab; there are ${this.hosts.map((h) => h.name).join(', ')}`);
    return found;
  }

  /** A file in the lab's directory. */
  path(name: string): string {
    return join(labDirectory(this.id), name);
  }

  /** Twice is safe. */
  remove(): Promise<void> {
    process.off('exit', this.#removeAtExit);
    removeLab(this.id);
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }

  async #construct(spec: LabSpec): Promise<void> {
    const all = [this.switch, ...this.hosts];
    await run('ip', ['-batch', '-'], { input: all.map(({ namespace }) => `netns add ${namespace}\n`).join('') });
    await configureSwitch(this.switch, spec, this.hosts, passObject());
    await Promise.all(this.hosts.map((host) => configureHost(host)));
  }

  #armRemoval(): void {
    process.once('exit', this.#removeAtExit);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(130));
    }
  }
}

function passObject(): string {
  return resolve(import.meta.dirname, '../../build/scripts/lab/bpf/pass.bpf.o');
}
