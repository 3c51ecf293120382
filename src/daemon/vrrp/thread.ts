/** The VRRP thread, as the main thread sees it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Log } from '../log.ts';
import type { News, Notice, Order, TrackNews } from './protocol.ts';
import type { InstanceReport } from './report.ts';
import type { VrrpSettings } from './settings.ts';
import type { WorkerData } from './worker.ts';

export interface VrrpThreadOptions extends WorkerData {
  readonly log: Log;
  /** The thread is broken: no advertisement is sent any more. */
  readonly onFailure: (error: Error) => void;
}

/** Milliseconds that the thread may take to give up what it holds. */
const STOP_TIMEOUT = 5000;

export class VrrpThread {
  readonly #worker: Worker;
  readonly #options: VrrpThreadOptions;
  readonly #reports = new Map<number, (instances: readonly InstanceReport[]) => void>();
  #configured: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #stopped: (() => void) | undefined;
  #nextReport = 0;
  #isOver = false;
  #broken: Error | undefined;

  /** Told what happens once it is configured. */
  onNotice: (notice: Notice) => void = () => {};

  constructor(options: VrrpThreadOptions) {
    this.#options = options;
    const workerData: WorkerData = { runDir: options.runDir };
    this.#worker = new Worker(workerFile(), { workerData, name: 'vrrp' });
    this.#worker.on('message', (news: News) => this.#hear(news));
    this.#worker.on('error', (error) => {
      this.#isOver = true;
      const broken = new Error(`the VRRP thread is broken: ${error.message}`, { cause: error });
      this.#broken = broken;
      for (const { reject } of this.#configured.splice(0)) reject(broken);
      options.onFailure(broken);
    });
  }

  /** Resolves when it runs; rejects where the thread breaks first. */
  configure(settings: VrrpSettings, statuses: readonly TrackNews[]): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    this.#send({ type: 'configure', settings, statuses });
    return new Promise((resolve, reject) => this.#configured.push({ resolve, reject }));
  }

  track(news: TrackNews): void {
    this.#send({ type: 'track', news });
  }

  report(): Promise<readonly InstanceReport[]> {
    const id = this.#nextReport++;
    this.#send({ type: 'report', id });
    return new Promise((resolve) => this.#reports.set(id, resolve));
  }

  /** Every MASTER gives up and lets go of what it holds. Twice is safe. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const stopped = new Promise<void>((resolve) => (this.#stopped = resolve));
    this.#send({ type: 'stop' });
    const late = new Promise<'late'>((resolve) => setTimeout(resolve, STOP_TIMEOUT, 'late').unref());
    if ((await Promise.race([stopped, late])) === 'late') {
      this.#options.log.error({}, `the VRRP thread did not end within ${STOP_TIMEOUT / 1000} s`);
    }
    await this.#worker.terminate();
  }

  #send(order: Order): void {
    this.#worker.postMessage(order);
  }

  #hear(news: News): void {
    switch (news.type) {
      case 'log':
        this.#options.log[news.level](news.fields, news.message);
        break;
      case 'notice':
        this.onNotice(news.notice);
        break;
      case 'configured':
        this.#configured.shift()?.resolve();
        break;
      case 'report':
        this.#reports.get(news.id)?.(news.instances);
        this.#reports.delete(news.id);
        break;
      case 'stopped':
        this.#stopped?.();
        break;
    }
  }
}

/** Beside the installed bundle. */
function workerFile(): string {
  const path = fileURLToPath(new URL('./vrrp-worker.js', import.meta.url));
  if (!existsSync(path)) throw new Error(`the VRRP thread's program is missing: there is no ${path}`);
  return path;
}
