/** One host of a lab: a network namespace, and what runs in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, type RunOptions, run, tryRun } from './run.ts';
import type { HostSpec } from './spec.ts';

export interface StartOptions {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** File name in the lab's directory that takes both outputs; NAME.log. */
  readonly log?: string;
}

export class Host {
  readonly name: string;
  readonly namespace: string;
  readonly spec: HostSpec;
  /** The lab's directory: logs, sockets, configuration files. */
  readonly directory: string;

  constructor(spec: HostSpec, namespace: string, directory: string) {
    this.name = spec.name;
    this.namespace = namespace;
    this.spec = spec;
    this.directory = directory;
  }

  /** First IPv4 address of the first port. */
  get address4(): string {
    return this.#address((address) => !address.includes(':'));
  }

  /** First IPv6 address of the first port. */
  get address6(): string {
    return this.#address((address) => address.includes(':'));
  }

  /** Runs a command to its end; an exit code other than 0 throws. */
  run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    return run('nsenter', this.#enter(command, args), options);
  }

  /** Runs a command to its end, whatever its exit code. */
  tryRun(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Finished> {
    return tryRun('nsenter', this.#enter(command, args), options);
  }

  /** Starts a command that goes on; it dies with the lab. nsenter executes it in place, so the pid is its own. */
  start(command: string, args: readonly string[] = [], options: StartOptions = {}): ChildProcess {
    // Straight into the file and in a session of its own: what runs in a lab that is kept outlives us.
    const log = openSync(join(this.directory, options.log ?? `${this.name}.log`), 'a');
    const child = spawn('nsenter', this.#enter(command, args), {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
      detached: true,
    });
    closeSync(log);
    return child;
  }

  #enter(command: string, args: readonly string[]): string[] {
    // Not `ip netns exec`: it hides /sys/fs/bpf behind a fresh /sys.
    return [`--net=/run/netns/${this.namespace}`, '--', command, ...args];
  }

  #address(wanted: (address: string) => boolean): string {
    const found = this.spec.ports[0]?.addresses.find(wanted)?.split('/')[0];
    if (found === undefined) throw new Error(`${this.name} has no such address`);
    return found;
  }
}
