/** A director in the lab: the built xlbd on a host, and the built xlb that talks to it. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ApiError, Client } from '../../src/api/client.ts';
import type { Host } from './host.ts';
import type { Finished, RunOptions } from './run.ts';
import { waitFor } from './wait.ts';

const DIST = resolve(import.meta.dirname, '../../dist');
/** Milliseconds: two seconds on a machine that does nothing else. */
const START_TIMEOUT = 30_000;

export interface DirectorOptions {
  /** eth0. */
  readonly interfaces?: readonly string[];
  /** Distinguishes several directors of one host; the host's name. */
  readonly name?: string;
  /** More words for xlbd. */
  readonly args?: readonly string[];
  /** Where the executables are; dist/ of this tree. */
  readonly executables?: string;
}

export class Director {
  /** The path of xlb, for hosts without a daemon. */
  static readonly XLB = join(DIST, 'xlb');
  readonly host: Host;
  readonly runDirectory: string;
  readonly bpffs: string;
  readonly #name: string;
  readonly #args: readonly string[];
  readonly #executables: string;
  #process: ChildProcess | undefined;

  private constructor(host: Host, options: DirectorOptions) {
    const { interfaces = ['eth0'], name = host.name, args = [], executables = DIST } = options;
    this.host = host;
    this.#name = name;
    this.#executables = executables;
    this.runDirectory = join(host.directory, `run-${name}`);
    this.bpffs = join(host.directory, `bpf-${name}`);
    this.#args = [
      '--run-dir',
      this.runDirectory,
      '--bpffs',
      this.bpffs,
      ...interfaces.flatMap((i) => ['-i', i]),
      ...args,
    ];
  }

  /** Serving when the promise is kept. */
  static async start(host: Host, options: DirectorOptions = {}): Promise<Director> {
    const director = new Director(host, options);
    mkdirSync(director.runDirectory, { recursive: true });
    mkdirSync(director.bpffs, { recursive: true });
    await director.startDaemon();
    return director;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`xlbd of ${this.#name} does not run`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** The words after `xlbd`. */
  get args(): readonly string[] {
    return this.#args;
  }

  /** Asks in this process: a start of xlb costs a hundred times as much, and where one waits many are needed. */
  get client(): Client {
    return new Client({ socket: join(this.runDirectory, 'xlb.sock') });
  }

  /** Again after `stopDaemon`: the same run directory, the same pins. */
  async startDaemon(): Promise<void> {
    const child = this.host.start(join(this.#executables, 'xlbd'), this.#args, { log: `xlbd-${this.#name}.log` });
    this.#process = child;
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    const serves = async () => {
      if (this.#process === undefined) throw new Error(`xlbd of ${this.#name} ended:\n${this.log()}`);
      if (!existsSync(join(this.runDirectory, 'xlb.sock'))) return false;
      return await this.client.status().then(
        () => true,
        ({ code }: ApiError) => code !== 'unreachable',
      );
    };
    await waitFor(`xlbd of ${this.#name} serving`, serves, START_TIMEOUT);
  }

  /** SIGTERM for an orderly end, SIGKILL for a crash. */
  async stopDaemon(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#process?.kill(signal);
    await waitFor(`end of xlbd of ${this.#name}`, () => this.#process === undefined);
  }

  /** Runs `xlb ARGS` for this director; an exit code other than 0 throws. */
  xlb(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return this.host.run(join(this.#executables, 'xlb'), args, this.#withRunDirectory(options));
  }

  tryXlb(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.host.tryRun(join(this.#executables, 'xlb'), args, this.#withRunDirectory(options));
  }

  /** What xlbd has written so far. */
  log(): string {
    const path = join(this.host.directory, `xlbd-${this.#name}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  #withRunDirectory(options: RunOptions): RunOptions {
    return { ...options, env: { ...options.env, XLB_RUN_DIR: this.runDirectory } };
  }
}
