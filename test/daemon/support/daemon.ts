/** xlbd on a small lab without real servers, and the API's client for it. */
import { join } from 'node:path';
import { Director, type DirectorOptions } from '../../../scripts/lab/director.ts';
import type { Host } from '../../../scripts/lab/host.ts';
import { Lab } from '../../../scripts/lab/lab.ts';
import { standardSpec } from '../../../scripts/lab/spec.ts';
import type { Client } from '../../../src/api/client.ts';
import type { Address } from '../../../src/core/model/model.ts';

export const SERVICE = { protocol: 'tcp', address: '192.0.2.100' as Address, port: 80 } as const;
export const SERVER = { address: '192.0.2.31' as Address, port: 80 };

export class Daemon implements AsyncDisposable {
  readonly lab: Lab;
  readonly host: Host;
  readonly director: Director;

  private constructor(lab: Lab, director: Director) {
    this.lab = lab;
    this.host = director.host;
    this.director = director;
  }

  static async start(options: DirectorOptions = {}, realServers = 1): Promise<Daemon> {
    const lab = await Lab.build(standardSpec({ clients: 0, realServers, arms: 2 }));
    try {
      return new Daemon(
        lab,
        await Director.start(lab.host('director1'), { args: ['--connections', '4096'], ...options }),
      );
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  get client(): Client {
    return this.director.client;
  }

  get statePath(): string {
    return join(this.director.runDirectory, 'state.json');
  }

  pin(name: string): string {
    return join(this.director.bpffs, 'maps', name);
  }

  /** The words after `prog/xdp` of `ip link`: what is attached. */
  async attached(name: string): Promise<boolean> {
    return (await this.host.run('ip', ['link', 'show', 'dev', name])).includes('prog/xdp');
  }

  /** Starts a second xlbd with these words; answers its exit code and what it said. */
  async second(words: readonly string[]): Promise<{ code: number; stderr: string }> {
    return this.host.tryRun(join(import.meta.dirname, '../../../dist/xlbd'), words, { timeout: 20_000 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab.remove();
  }
}
