/** TCP states as IPVS keeps them where it sees the client only: the kernel's table, cell by cell. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withLife } from './entry-word.ts';
import { chosen, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { tcp4, tcp6 } from './frames.ts';
import { STATES, type State, TIMEOUTS } from './settings.ts';
import { server, service, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
beforeEach(() => {
  const servers = [server(1), server(2)];
  plane.reset(world([service(servers), service(servers, { id: 2, address: VIP6 })]));
});
afterAll(() => plane.close());

const ACTIVE = ['ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'SYNACK'];

/** Rewrites the only entry's state, as nothing but time and packets could. */
function putState(state: State): void {
  const [entry] = plane.entries();
  if (entry === undefined) throw new Error('no connection');
  const live = ACTIVE.includes(state) ? { active: 1, inactive: 0 } : { active: 0, inactive: 1 };
  plane.table.words[entry.number] = withLife(entry.word, state, entry.deadline);
  plane.object.map('live_counts').set(1, { ...live, overloaded: 0, upper: 0, lower: 0, persistent: 0, gone: 0 });
}

/** reference/ipvs.md section 5, INPUT-ONLY; columns NO ES SS SR FW TW CL CW LA LI SA. */
const COLUMNS: State[] = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
];
const NAMES: Record<string, State> = {
  ES: 'ESTABLISHED',
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  FW: 'FIN_WAIT',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  LI: 'LISTEN',
  SA: 'SYNACK',
};
const TABLE: [flags: string, row: string][] = [
  ['S', 'SR ES ES SR SR SR SR SR SR SR SR'],
  ['F.', 'CL FW SS TW FW TW CL CW LA LI TW'],
  ['.', 'ES ES SS ES FW TW CL CW CL LI ES'],
  ['R', 'CL CL CL SR CL CL CL CL LA LI CL'],
  ['', 'CL CL CL CL CL CL CL CL CL CL CL'],
];
const CELLS = TABLE.flatMap(([flags, row]) => {
  const cells = row.split(' ');
  return COLUMNS.map((from, column): [string, State, State] => [flags, from, NAMES[cells[column] ?? ''] as State]);
});

test.each(CELLS)('[%s] in %s gives %s', (flags, from, to) => {
  plane.run(tcp4());
  putState(from);
  plane.advance(1);
  plane.run(tcp4({ flags }));
  const [entry] = plane.entries();
  expect(entry?.state).toBe(to);
  expect(entry?.deadline).toBe((plane.now + (TIMEOUTS[STATES.indexOf(to)] ?? 0)) & 0xffff);
  const reused = flags === 'S' && (from === 'TIME_WAIT' || from === 'CLOSE');
  const id = reused ? 2 : 1; // rr goes on where the connection was scheduled anew
  expect(plane.live(id)).toEqual(ACTIVE.includes(to) ? { active: 1, inactive: 0 } : { active: 0, inactive: 1 });
});

test('RST before SYN before FIN before ACK', () => {
  const next = (flags: string): State | undefined => {
    plane.run(tcp4());
    plane.run(tcp4({ flags: '.' }));
    plane.run(tcp4({ flags }));
    return plane.entries()[0]?.state;
  };
  expect(next('FS.')).toBe('ESTABLISHED');
  expect(next('F.')).toBe('FIN_WAIT');
  expect(next('FSR.')).toBe('CLOSE');
});

test('the life of a connection, as ipvsadm -Lnc would show it', () => {
  const walk: [string, State, number][] = [
    ['S', 'SYN_RECV', 60],
    ['S', 'SYN_RECV', 60],
    ['.', 'ESTABLISHED', 900],
    ['P.', 'ESTABLISHED', 900],
    ['F.', 'FIN_WAIT', 120],
    ['.', 'FIN_WAIT', 120],
    ['R', 'CLOSE', 10],
  ];
  for (const [flags, state, timeout] of walk) {
    plane.advance(2);
    expect(chosen(plane, tcp6({ flags }))).toBe(1);
    expect(plane.entries()).toMatchObject([{ state, deadline: (plane.now + timeout) & 0xffff }]);
  }
});

describe('a SYN on a connection that is over', () => {
  test.each([
    ['TIME_WAIT', 'F.'],
    ['CLOSE', 'R'],
  ] as const)('%s: scheduled anew into the same entry', (state, flags) => {
    plane.run(tcp4());
    plane.run(tcp4({ flags: '.' }));
    if (state === 'TIME_WAIT') putState('SYN_RECV');
    plane.run(tcp4({ flags: state === 'TIME_WAIT' ? flags : 'R' }));
    if (state === 'CLOSE') expect(plane.entries()[0]?.state).toBe('CLOSE');
    const [before] = plane.entries();
    expect(before?.state).toBe(state);
    plane.advance(3);
    expectPacket(plane, tcp4(), {
      verdict: 'tx',
      counted: { forwarded: 1, connections_created: 1, connections_reused: 1 },
    });
    expect(plane.entries()).toMatchObject([
      { number: before?.number, slot: 1, state: 'SYN_RECV', key: { realServer: 2, created: plane.now } },
    ]);
    expect(plane.live(1)).toEqual({ active: 0, inactive: 0 });
    expect(plane.live(2)).toEqual({ active: 1, inactive: 0 });
  });

  test.each(['S.', 'FS'])('with [%s] just as well: the kernel looks at SYN alone', (flags) => {
    plane.run(tcp4());
    plane.run(tcp4({ flags: '.' }));
    plane.run(tcp4({ flags: 'R' }));
    expectPacket(plane, tcp4({ flags }), {
      verdict: 'tx',
      counted: { forwarded: 1, connections_created: 1, connections_reused: 1 },
    });
    expect(plane.entries()).toMatchObject([{ slot: 1, state: 'SYN_RECV' }]);
  });

  test('not with [SR], which opens nothing', () => {
    plane.run(tcp4());
    plane.run(tcp4({ flags: '.' }));
    plane.run(tcp4({ flags: 'R' }));
    expectPacket(plane, tcp4({ flags: 'SR' }), { verdict: 'tx', counted: { forwarded: 1 } });
    expect(plane.entries()).toMatchObject([{ slot: 0, state: 'CLOSE' }]);
  });

  test('FIN_WAIT keeps its server', () => {
    plane.run(tcp4());
    plane.run(tcp4({ flags: '.' }));
    plane.run(tcp4({ flags: 'F.' }));
    expectPacket(plane, tcp4(), { verdict: 'tx', counted: { forwarded: 1 } });
    expect(plane.entries()).toMatchObject([{ slot: 0, state: 'SYN_RECV' }]);
  });

  test('with no server left: the old connection is gone', () => {
    plane.run(tcp4());
    plane.run(tcp4({ flags: '.' }));
    plane.run(tcp4({ flags: 'R' }));
    plane.configure(world([service([server(1, { weight: 0 })], { generation: 2 })]));
    expectPacket(plane, tcp4(), {
      verdict: 'tx',
      counted: { drop_no_real_server: 1, connections_reused: 1, icmp_sent: 1 },
    });
    expect(plane.entries()).toEqual([]);
    expect(plane.live(1)).toEqual({ active: 0, inactive: 0 });
  });
});
