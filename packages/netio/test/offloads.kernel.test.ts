import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { leavesChecksums } from '../src/index.ts';

describe('leavesChecksums', () => {
  it('is what ethtool shows', () => {
    const shown = execFileSync('ethtool', ['-k', 'lo'], { encoding: 'utf8' });
    expect(leavesChecksums('lo')).toBe(/^tx-checksumming: on/m.test(shown));
  });

  it.each([
    ['nosuch', 'ENODEV'],
    ['', 'ARGUMENT'],
    ['an-interface-1234', 'ARGUMENT'],
  ])('refuses "%s": %s', (device, code) => {
    expect(() => leavesChecksums(device)).toThrow(expect.objectContaining({ code }));
  });
});
