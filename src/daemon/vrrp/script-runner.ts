/** Runs tracked scripts by the schedule of `core/vrrp/script.ts`. */
import { isDeepStrictEqual } from 'node:util';
import {
  createScript,
  type ScriptConfig,
  type ScriptEffect,
  type ScriptEvent,
  type ScriptState,
  scriptDeadline,
  stepScript,
} from '../../core/vrrp/script.ts';
import type { VrrpSettings } from './settings.ts';

export type ConfiguredScript = VrrpSettings['scripts'][number];

/** One run of a program. */
export interface Run {
  /** Resolves when it has ended; `ok`: with exit status 0, else why not. */
  readonly ended: Promise<{ readonly ok: boolean; readonly reason: string }>;
  /** To its whole process group. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface ScriptRunnerOptions {
  readonly run: (script: ConfiguredScript) => Run;
  readonly onStatus: (script: string, status: 'up' | 'down') => void;
  /** Of a run that fails otherwise than the last one did. */
  readonly onFailure: (script: string, reason: string) => void;
}

interface Running {
  readonly configured: ConfiguredScript;
  state: ScriptState;
  run: Run | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Of the last run, where it failed. */
  reason: string | undefined;
}

export class ScriptRunner implements Disposable {
  readonly #options: ScriptRunnerOptions;
  readonly #scripts = new Map<string, Running>();

  constructor(options: ScriptRunnerOptions) {
    this.#options = options;
  }

  /** Those that did not change go on; a changed one keeps its status until its first result. */
  configure(scripts: readonly ConfiguredScript[]): void {
    for (const [name, running] of this.#scripts) {
      const next = scripts.find((script) => script.name === name);
      if (next === undefined || !isDeepStrictEqual(next, running.configured)) this.#end(name, running);
    }
    for (const configured of scripts) {
      if (this.#scripts.has(configured.name)) continue;
      const state = createScript(configOf(configured), performance.now());
      const running: Running = { configured, state, run: undefined, timer: undefined, reason: undefined };
      this.#scripts.set(configured.name, running);
      if (state.status !== 'pending') this.#options.onStatus(configured.name, state.status);
      this.#feed(running, { type: 'tick' });
    }
  }

  [Symbol.dispose](): void {
    this.configure([]);
  }

  #end(name: string, running: Running): void {
    this.#scripts.delete(name);
    clearTimeout(running.timer);
    running.run?.kill('SIGKILL');
  }

  #feed(running: Running, event: ScriptEvent): void {
    const [state, effects] = stepScript(running.state, event, performance.now());
    running.state = state;
    for (const effect of effects) this.#perform(running, effect);
    clearTimeout(running.timer);
    const wait = Math.max(0, scriptDeadline(running.state) - performance.now());
    running.timer = setTimeout(() => this.#feed(running, { type: 'tick' }), wait);
  }

  #perform(running: Running, effect: ScriptEffect): void {
    const { name } = running.configured;
    if (effect.type === 'status') this.#options.onStatus(name, effect.status);
    else if (effect.type === 'signal') running.run?.kill(effect.signal);
    else this.#start(running);
  }

  #start(running: Running): void {
    const run = this.#options.run(running.configured);
    running.run = run;
    void run.ended.then(({ ok, reason }) => {
      const { name } = running.configured;
      if (this.#scripts.get(name) !== running) return;
      if (!ok && reason !== running.reason) this.#options.onFailure(name, reason);
      running.reason = ok ? undefined : reason;
      this.#feed(running, { type: 'exit', ok });
    });
  }
}

function configOf({ name, interval, timeout, rise, fall, startsFailed }: ConfiguredScript): ScriptConfig {
  return { name, interval: interval * 1000, timeout: timeout * 1000, rise, fall, startsFailed };
}
