/** What the whole machine takes of its CPUs, and one process of it, between two readings: /proc/stat, /proc/PID/stat. */
import { readFileSync } from 'node:fs';

/** As parts of one CPU. */
export interface CpuUse {
  /** All but idle and waiting. */
  readonly all: number;
  /** Where veth's packets are received, XDP programs included. */
  readonly softirq: number;
  readonly daemon: number;
}

/** Of USER_HZ, in which the kernel tells all times. */
const TICKS_A_SECOND = 100;

export class CpuMeter {
  readonly #pid: number;
  #last: CpuUse & { readonly at: number };

  constructor(pid: number) {
    this.#pid = pid;
    this.#last = this.#sum();
  }

  /** Since the reading before, or the start. */
  read(): CpuUse {
    const [before, now] = [this.#last, this.#sum()];
    this.#last = now;
    const use = (name: keyof CpuUse) => (now[name] - before[name]) / (now.at - before.at);
    return { all: use('all'), softirq: use('softirq'), daemon: use('daemon') };
  }

  /** Ticks so far. */
  #sum(): CpuUse & { readonly at: number } {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = numbers(
      readFileSync('/proc/stat', 'utf8'),
      /^cpu +(.*)$/m,
    );
    const [utime = 0, stime = 0] = numbers(readFileSync(`/proc/${this.#pid}/stat`, 'utf8'), /\) (?:\S+ ){11}(\S+ \S+)/);
    const at = (performance.now() / 1000) * TICKS_A_SECOND;
    return { all: user + nice + system + irq + softirq, softirq, daemon: utime + stime, at };
  }
}

function numbers(text: string, where: RegExp): number[] {
  const found = where.exec(text)?.[1];
  if (found === undefined) throw new Error(`expected ${where} in: ${text.slice(0, 200)}`);
  return found.split(' ').map(Number);
}
