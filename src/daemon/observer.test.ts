import { describe, expect, it } from 'vitest';
import { Observer } from './observer.ts';
import type { Finding } from './reports/problems.ts';

const SUBJECT = '192.0.2.1:80/tcp > 10.0.0.1:80';
const up = { subject: SUBJECT, state: 'up', reason: null } as const;
const lost = { subject: SUBJECT, state: 'unresolved', reason: 'no route' } as const;
const problem: Finding = { id: 'x', severity: 'warning', subject: 'eth0', text: 'down', next: null };

describe('Observer', () => {
  it('tells of states that changed, not of the first', () => {
    const observer = new Observer();
    expect(observer.observe([up], [], 1000)).toEqual([]);
    expect(observer.observe([up], [], 2000)).toEqual([]);
    expect(observer.observe([lost], [], 3000)).toEqual([
      { type: 'state', subject: SUBJECT, text: 'up -> unresolved: no route' },
    ]);
    expect(observer.since(SUBJECT)).toBe(3000);
  });

  it('forgets servers that are gone', () => {
    const observer = new Observer();
    observer.observe([up], [], 1000);
    observer.observe([], [], 2000);
    expect(observer.since(SUBJECT)).toBeUndefined();
    expect(observer.observe([lost], [], 3000)).toEqual([]);
  });

  it('dates problems from when they came, even where their words change', () => {
    const observer = new Observer();
    expect(observer.observe([], [problem], 1000)).toEqual([{ type: 'problem', subject: 'eth0', text: 'down' }]);
    expect(observer.observe([], [{ ...problem, text: 'still down' }], 2000)).toEqual([]);
    expect(observer.dated([problem])).toEqual([{ ...problem, since: '1970-01-01T00:00:01.000Z' }]);
    expect(observer.observe([], [], 3000)).toEqual([{ type: 'problem-over', subject: 'eth0', text: 'still down' }]);
    expect(observer.dated([problem])[0]?.since).toBeNull();
  });
});
