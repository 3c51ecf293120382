/** Requests that never end, from a host of the lab: how long nobody answered. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './host.ts';

/** Milliseconds between two requests, and after which one is lost: its SYN would be sent again after a second. */
const PERIOD = 10;
const TIMEOUT = 200;

export interface Answer {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Null: nobody in time. */
  readonly by: string | null;
}

export class Probe implements AsyncDisposable {
  readonly #file: string;
  readonly #child: ChildProcess;

  private constructor(file: string, child: ChildProcess) {
    this.#file = file;
    this.#child = child;
  }

  /** Answers come when the promise is kept. */
  static async start(host: Host, url: string): Promise<Probe> {
    const log = `probe-${host.name}.log`;
    const program = resolve(import.meta.dirname, 'probe-process.ts');
    const child = host.start(process.execPath, ['--import', 'tsx', program, url, String(PERIOD), String(TIMEOUT)], {
      log,
    });
    const probe = new Probe(join(host.directory, log), child);
    while (!probe.answers().some(({ by }) => by !== null)) await sleep(PERIOD);
    return probe;
  }

  answers(): Answer[] {
    const lines = readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const [at, by] = line.split(' ');
      return { at: Number(at), by: by === '-' ? null : (by ?? null) };
    });
  }

  /** Milliseconds of the longest time since `since` in which no answer came. It may go on. */
  longestGap(since: number): number {
    const times = this.answers()
      .filter(({ by, at }) => by !== null && at >= since)
      .map(({ at }) => at);
    const ends = [since, ...times, Date.now()];
    return Math.max(...ends.slice(1).map((end, i) => end - ends[i]!));
  }

  [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise<void>((done) => this.#child.once('exit', () => done()));
    this.#child.kill('SIGTERM');
    return ended;
  }
}
