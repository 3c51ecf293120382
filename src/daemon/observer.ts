/**
 * Since when things are as they are: the effective state of every real server
 * and every problem. What is different from the last look becomes an event.
 */
import type { EffectiveState } from '../api/protocol/services.ts';
import type { Problem } from '../api/protocol/status.ts';
import type { VirtualService } from '../core/model/model.ts';
import { formatServiceKey, serverKeyText } from '../core/model/service-key.ts';
import type { Finding } from './reports/problems.ts';

export interface ServerState {
  /** `serverSubjects` makes it, the same string every time. */
  readonly subject: string;
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
  readonly #states = new Map<string, { state: EffectiveState; since: number; look: number }>();
  #looks = 0;
  #problems = new Map<string, { finding: Finding; since: number }>();

  /** `now`: milliseconds since 1970. The first state of a server is no news. */
  observe(states: readonly ServerState[], findings: readonly Finding[], now: number): News[] {
    return [...this.#observeStates(states, now), ...this.#observeProblems(findings, now)];
  }

  since(subject: string): number | undefined {
    return this.#states.get(subject)?.since;
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
    const look = ++this.#looks;
    for (const { subject, state, reason } of states) {
      const before = this.#states.get(subject);
      if (before?.state === state) {
        before.look = look;
        continue;
      }
      this.#states.set(subject, { state, since: now, look });
      if (before === undefined) continue;
      news.push({ type: 'state', subject, text: `${before.state} -> ${state}${reason === null ? '' : `: ${reason}`}` });
    }
    if (this.#states.size > states.length) this.#forget(look);
    return news;
  }

  /** Servers that the last look did not find. */
  #forget(look: number): void {
    for (const [subject, known] of this.#states) if (known.look !== look) this.#states.delete(subject);
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

const subjects = new WeakMap<VirtualService, readonly string[]>();

/** `service > server` for each server of a service, made once for as long as the service does not change. */
export function serverSubjects(service: VirtualService): readonly string[] {
  let known = subjects.get(service);
  if (known === undefined) {
    const name = formatServiceKey(service.key);
    known = service.servers.map(({ key }) => `${name} > ${serverKeyText(key)}`);
    subjects.set(service, known);
  }
  return known;
}

function problemKey({ id, subject }: Pick<Finding, 'id' | 'subject'>): string {
  return `${id} ${subject}`;
}
