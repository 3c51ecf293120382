/** Starts `resolver-process.ts` in a namespace and keeps the last thing that it said of each address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from '../../scripts/lab/wait.ts';
import { bundled } from './bundled.ts';

export interface ResolverCommand {
  readonly watch: readonly string[];
  readonly vips: readonly string[];
}

interface Described {
  readonly state: 'resolved' | 'unresolved';
  readonly reason?: string;
  readonly interfaceName?: string;
  readonly mac?: string;
  readonly gateway?: string;
  readonly mtu?: number;
  readonly source?: { readonly ok: boolean; readonly address?: string; readonly reason?: string };
  readonly neighbour?: string;
  readonly problem?: string | null;
}

export type ResolverReport =
  | { readonly type: 'ready' }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'interface'; readonly change: string }
  /** `at`: milliseconds since 1970. */
  | { readonly type: 'resolution'; readonly address: string; readonly at: number; readonly resolution: object };

// A resolver is to work with CAP_NET_ADMIN and nothing else.
const NET_ADMIN_ALONE = [
  ...['--reuid=65534', '--regid=65534', '--clear-groups'],
  ...['--inh-caps=-all,+net_admin', '--ambient-caps=-all,+net_admin', '--bounding-set=-all,+net_admin'],
];
const PROCESS = resolve(import.meta.dirname, 'resolver-process.ts');

export class ResolverDriver implements AsyncDisposable {
  readonly warnings: string[] = [];
  readonly interfaceChanges: string[] = [];
  readonly #child: ChildProcess;
  readonly #last = new Map<string, { at: number; resolution: Described }>();
  #stderr = '';
  #ready = false;

  private constructor(namespace: string, words: readonly string[]) {
    const args = [`--net=/run/netns/${namespace}`, '--', 'setpriv', ...NET_ADMIN_ALONE, ...words];
    this.#child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    createInterface(this.#child.stdout!).on('line', (line) => this.#take(JSON.parse(line) as ResolverReport));
    this.#child.stderr!.on('data', (data: Buffer) => {
      this.#stderr += data.toString();
    });
  }

  static async start(namespace: string): Promise<ResolverDriver> {
    const driver = new ResolverDriver(namespace, await bundled(PROCESS));
    await waitFor('the resolver', () => {
      if (driver.#child.exitCode !== null) throw new Error(driver.#stderr);
      return driver.#ready;
    });
    return driver;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  watch(addresses: readonly string[], vips: readonly string[] = []): void {
    for (const address of addresses) this.#last.delete(address);
    this.#child.stdin!.write(`${JSON.stringify({ watch: addresses, vips })}\n`);
  }

  /** Waits until an address's resolution has these fields; returns when it was reported, in milliseconds since 1970. */
  async expect(address: string, fields: Described | Partial<Described>, timeout = 5000): Promise<number> {
    const matches = (): boolean => {
      const found = this.#last.get(address)?.resolution;
      return found !== undefined && contains(found, fields);
    };
    await waitFor(`${address} like ${JSON.stringify(fields)}`, matches, timeout).catch((error: Error) => {
      throw new Error(`${error.message}\nfound ${JSON.stringify(this.#last.get(address))}\n${this.#stderr}`);
    });
    return this.#last.get(address)!.at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await exit;
  }

  #take(report: ResolverReport): void {
    if (report.type === 'ready') this.#ready = true;
    else if (report.type === 'warning') this.warnings.push(report.message);
    else if (report.type === 'interface') this.interfaceChanges.push(report.change);
    else this.#last.set(report.address, { at: report.at, resolution: report.resolution as Described });
  }
}

function contains(found: unknown, wanted: unknown): boolean {
  if (wanted instanceof RegExp) return wanted.test(String(found));
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null) return false;
  return Object.entries(wanted).every(([name, value]) => contains(found[name as keyof typeof found], value));
}
