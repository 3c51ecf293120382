import { describe, expect, it } from 'vitest';
import { attachBest, PAGE_MTU, type RequestedMode, type TryAttach } from './attach-plan.ts';

const ETH0 = { name: 'eth0', mtu: 1500 };
const JUMBO = { name: 'eth0', mtu: 9000 };

/** Answers of a driver by "mode" or "mode frags"; what is left out attaches. */
function driver(answers: Record<string, string>): { tryAttach: TryAttach; tried: string[] } {
  const tried: string[] = [];
  const tryAttach: TryAttach = (mode, fragments) => {
    const what = fragments ? `${mode} frags` : mode;
    tried.push(what);
    return answers[what];
  };
  return { tryAttach, tried };
}

describe('attachBest', () => {
  it.each<[string, typeof ETH0, RequestedMode, Record<string, string>, string[], object]>([
    ['natively', ETH0, 'auto', {}, ['native'], { mode: 'native', fragments: false }],
    ['with fragments for large frames', JUMBO, 'auto', {}, ['native frags'], { mode: 'native', fragments: true }],
    [
      'with fragments where the other end sends large frames',
      ETH0,
      'native',
      { native: 'ERANGE' },
      ['native', 'native frags'],
      { mode: 'native', fragments: true },
    ],
    [
      'natively where a driver takes large frames in one piece',
      JUMBO,
      'auto',
      { 'native frags': 'EOPNOTSUPP' },
      ['native frags', 'native'],
      { mode: 'native', fragments: false },
    ],
    ['in generic mode on request', JUMBO, 'generic', {}, ['generic'], { mode: 'generic', fragments: false }],
  ])('gets on %s', (_name, target, requested, answers, expected, outcome) => {
    const { tryAttach, tried } = driver(answers);
    expect(attachBest(target, requested, tryAttach)).toEqual({ ...outcome, warnings: [] });
    expect(tried).toEqual(expected);
  });

  it('falls back to generic mode and says why', () => {
    const { tryAttach } = driver({ native: 'EOPNOTSUPP', 'native frags': 'EOPNOTSUPP' });
    const { mode, warnings } = attachBest(ETH0, 'auto', tryAttach);
    expect(mode).toBe('generic');
    expect(warnings).toEqual([expect.stringMatching(/eth0 runs in generic mode.*EOPNOTSUPP/)]);
  });

  const refusals: [string, typeof ETH0, RequestedMode, Record<string, string>, string, RegExp][] = [
    ['another program', ETH0, 'auto', { native: 'EBUSY' }, 'interface-busy', /attached to eth0 already/],
    ['a device that is gone', ETH0, 'auto', { native: 'ENODEV' }, 'no-such-interface', /eth0 is gone/],
    ['a missing capability', ETH0, 'auto', { native: 'EPERM' }, 'permission', /CAP_NET_ADMIN/],
    [
      'no native mode where that is asked for',
      ETH0,
      'native',
      { native: 'EOPNOTSUPP', 'native frags': 'EOPNOTSUPP' },
      'not-supported',
      /no native XDP.*generic works/,
    ],
    [
      'an MTU that the driver cannot do',
      JUMBO,
      'auto',
      { native: 'EINVAL', 'native frags': 'EOPNOTSUPP' },
      'mtu-too-large',
      new RegExp(`MTU 9000.*MTU ${PAGE_MTU} works: ip link set dev eth0 mtu ${PAGE_MTU}`),
    ],
    ['generic mode that fails', ETH0, 'generic', { generic: 'ENOMEM' }, 'kernel', /ENOMEM/],
  ];
  it.each(refusals)('refuses because of %s', (_name, target, requested, answers, code, message) => {
    const attempt = () => attachBest(target, requested, driver(answers).tryAttach);
    expect(attempt).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
