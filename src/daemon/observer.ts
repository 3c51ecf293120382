/**
 * Since when things are as they are: the effective state of every real server
 * and every problem. What is different from the last look becomes an event.
 */
import type { EffectiveState } from '../api/protocol/services.ts';
import type { Problem } from '../api/protocol/status.ts';
import type { Finding } from './reports/problems.ts';

export interface ServerState {
  readonly service: string;
  readonly server: string;
  readonly state: EffectiveState;
  /** Why, where there is something to say. */
  readonly reason: string | null;
}

export interface News {
  readonly type: 'state' | 'problem' | 'problem-over';
  readonly subject: string;
  readonly text: string;
}

export class Observer {
  #states = new Map<string, { state: EffectiveState; since: number }>();
  #problems = new Map<string, { finding: Finding; since: number }>();

  /** `now`: milliseconds since 1970. The first state of a server is no news. */
  observe(states: readonly ServerState[], findings: readonly Finding[], now: number): News[] {
    return [...this.#observeStates(states, now), ...this.#observeProblems(findings, now)];
  }

  since(service: string, server: string): number | undefined {
    return this.#states.get(stateKey(service, server))?.since;
  }

  /** The findings with the time since when they stand. */
  dated(findings: readonly Finding[]): Problem[] {
    return findings.map(({ id, severity, subject, text, next }) => {
      const since = this.#problems.get(problemKey({ id, subject }))?.since;
      return { id, severity, subject, since: since === undefined ? null : new Date(since).toISOString(), text, next };
    });
  }

  #observeStates(states: readonly ServerState[], now: number): News[] {
    const news: News[] = [];
    const next = new Map<string, { state: EffectiveState; since: number }>();
    for (const { service, server, state, reason } of states) {
      const key = stateKey(service, server);
      const before = this.#states.get(key);
      next.set(key, before?.state === state ? before : { state, since: now });
      if (before === undefined || before.state === state) continue;
      const text = `${before.state} -> ${state}${reason === null ? '' : `: ${reason}`}`;
      news.push({ type: 'state', subject: key, text });
    }
    this.#states = next;
    return news;
  }

  #observeProblems(findings: readonly Finding[], now: number): News[] {
    const next = new Map<string, { finding: Finding; since: number }>();
    for (const finding of findings) {
      const key = problemKey(finding);
      next.set(key, { finding, since: this.#problems.get(key)?.since ?? now });
    }
    const come = [...next].filter(([key]) => !this.#problems.has(key));
    const gone = [...this.#problems].filter(([key]) => !next.has(key));
    this.#problems = next;
    const tell = (type: News['type'], list: typeof come): News[] =>
      list.map(([, { finding }]) => ({ type, subject: finding.subject, text: finding.text }));
    return [...tell('problem', come), ...tell('problem-over', gone)];
  }
}

function stateKey(service: string, server: string): string {
  return `${service} > ${server}`;
}

function problemKey({ id, subject }: Pick<Finding, 'id' | 'subject'>): string {
  return `${id} ${subject}`;
}
