/**
 * Counts the processes that are tracked: reads /proc once in a while, since the kernel's own
 * notifications (the proc connector) need CAP_NET_ADMIN in the first user namespace. A change is
 * noticed within half a second.
 */
import { readdir, readFile } from 'node:fs/promises';
import type { VrrpSettings } from './settings.ts';

export type ConfiguredProcess = VrrpSettings['processes'][number];

/** Milliseconds from the end of one look to the next. */
const PERIOD = 500;
/** TASK_COMM_LEN without the zero at its end. */
const COMM_LENGTH = 15;

export class ProcessWatch implements Disposable {
  readonly #onStatus: (name: string, status: 'up' | 'down') => void;
  #processes: readonly ConfiguredProcess[] = [];
  readonly #verdicts = new Map<string, Verdict>();
  #timer: NodeJS.Timeout | undefined;

  constructor(onStatus: (name: string, status: 'up' | 'down') => void) {
    this.#onStatus = onStatus;
  }

  configure(processes: readonly ConfiguredProcess[]): void {
    this.#processes = processes;
    for (const name of this.#verdicts.keys()) {
      if (!processes.some((process) => process.name === name)) this.#verdicts.delete(name);
    }
    clearTimeout(this.#timer);
    if (processes.length > 0) void this.#look();
  }

  [Symbol.dispose](): void {
    this.configure([]);
  }

  async #look(): Promise<void> {
    const looked = this.#processes;
    const commands = await commandLines();
    if (looked !== this.#processes) return;
    for (const process of looked) this.#judge(process, commands.filter((words) => isOne(process, words)).length);
    this.#timer = setTimeout(() => void this.#look(), PERIOD);
  }

  #judge(process: ConfiguredProcess, count: number): void {
    const verdict = judge(process, count, this.#verdicts.get(process.name), performance.now());
    const before = this.#verdicts.get(process.name)?.status;
    this.#verdicts.set(process.name, verdict);
    if (verdict.status !== before) this.#onStatus(process.name, verdict.status);
  }
}

export interface Verdict {
  readonly status: 'up' | 'down';
  readonly count: number;
  /** Since when the count asks for the other status; null: it does not. */
  readonly changedAt: number | null;
}

/** `now`: milliseconds. The first verdict counts at once, later ones when they have lasted. */
export function judge(process: ConfiguredProcess, count: number, before: Verdict | undefined, now: number): Verdict {
  const status = count >= process.least && count <= process.most ? 'up' : 'down';
  if (before === undefined || status === before.status) return { status, count, changedAt: null };
  const changedAt = before.changedAt ?? now;
  const delay = (count > before.count ? process.forkDelay : process.terminateDelay) * 1000;
  if (now - changedAt >= delay) return { status, count, changedAt: null };
  return { ...before, changedAt };
}

/** `words`: of a command line, from the program on; the first one is its path, or its name in brackets. */
export function isOne({ command, match, fullCommand }: ConfiguredProcess, words: readonly string[]): boolean {
  const [program = '', ...parameters] = command.flatMap((word) => (command.length === 1 ? word.split(/\s+/) : [word]));
  const [path = '', ...given] = words;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (fullCommand ? path !== program : name.slice(0, COMM_LENGTH) !== program.slice(0, COMM_LENGTH)) return false;
  if (parameters.length === 0 && !fullCommand && match === null) return true;
  if (match === null && given.length !== parameters.length) return false;
  return parameters.every((parameter, i) => {
    const isLast = i === parameters.length - 1;
    return match === 'partial' && isLast ? given[i]?.startsWith(parameter) === true : given[i] === parameter;
  });
}

/** Of every process; those that end meanwhile are left out. */
async function commandLines(): Promise<string[][]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line !== '').map((line) => line.split('\0').slice(0, -1));
}
