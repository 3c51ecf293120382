import { describe, expect, it } from 'vitest';
import { createLog, plainLine } from './log.ts';

describe('the log', () => {
  const write = (isTTY: boolean) => {
    let text = '';
    const log = createLog('info', { isTTY, write: (line) => (text += line) });
    log.debug({}, 'hidden');
    log.warn({ interface: 'eth0' }, 'runs in generic mode');
    return text;
  };

  it('is JSON for machines', () => {
    expect(JSON.parse(write(false))).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      interface: 'eth0',
      msg: 'runs in generic mode',
    });
  });

  it('is plain for people', () => {
    expect(write(true)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}runs in generic mode interface=eth0\n$/);
  });

  it('shows where an error comes from', () => {
    const line = {
      level: 'error',
      time: '2026-11-24T10:00:00.000Z',
      msg: 'no',
      n: 1,
      err: { stack: 'Error: x\n  at y' },
    };
    expect(plainLine(JSON.stringify(line))).toBe('10:00:00.000 error no n=1\nError: x\n  at y\n');
  });
});
