/** The three state tables of bpf/sctp_state.h, cell by cell: packets of dr and tun reach one of them only. */
import { fileURLToPath } from 'node:url';
import { BpfObject } from 'libbpf-ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COOKIE_ABORT, EVENTS, nextSctpState, SCTP_STATES } from './model/sctp-state.ts';
import type { Direction } from './model/tcp-state.ts';
import { STATES, type State } from './settings.ts';

const OBJECT = fileURLToPath(new URL('../../build/test/bpf/sctp.bpf.o', import.meta.url));
const DIRECTIONS: readonly Direction[] = ['input', 'output', 'input-only'];

let object: BpfObject;
beforeAll(() => {
  object = BpfObject.open(OBJECT);
  object.load();
});
afterAll(() => object.close());

function stateAfter(state: State, event: number, direction: Direction): State {
  const dataIn = Buffer.alloc(14);
  dataIn.set([STATES.indexOf(state), event, DIRECTIONS.indexOf(direction)]);
  return STATES[object.program('state_after').testRun({ dataIn }).retval] as State;
}

describe.each(DIRECTIONS)('%s', (direction) => {
  test.each([...EVENTS, 'COOKIE_ABORT'].map((name, event) => [name, event] as const))('%s', (_, event) => {
    const got = SCTP_STATES.map((state) => stateAfter(state, event, direction));
    expect(got).toEqual(SCTP_STATES.map((state) => nextSctpState(state, event, direction)));
  });
});

test('what is no state of SCTP, or no event, changes nothing', () => {
  for (const state of ['ESTABLISHED', 'UDP', 'BUSY'] as const) expect(stateAfter(state, 1, 'input')).toBe(state);
  expect(stateAfter('SCTP_INIT1', COOKIE_ABORT + 1, 'input')).toBe('SCTP_INIT1');
});
