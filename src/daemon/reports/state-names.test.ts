import { expect, it } from 'vitest';
import { CONNECTION_STATES } from '../../api/protocol/connection-states.ts';
import { ConnectionState } from '../../dataplane/types.gen.ts';
import { stateName, statesNamed } from './state-names.ts';

it('names every state of a connection', () => {
  const nameless = Object.values(ConnectionState).filter((number) => stateName(number) === undefined);
  const { CONNECTION_FREE, CONNECTION_REPLY, CONNECTION_BUSY } = ConnectionState;
  expect(nameless).toEqual([CONNECTION_FREE, CONNECTION_REPLY, CONNECTION_BUSY]);
});

it('has a state for every name, and two where TCP and SCTP share one', () => {
  const shared = CONNECTION_STATES.filter((name) => statesNamed(name).size === 2);
  expect(shared).toEqual(['ESTABLISHED', 'NONE']);
  expect(CONNECTION_STATES.every((name) => [...statesNamed(name)].every((number) => stateName(number) === name))).toBe(
    true,
  );
  expect(CONNECTION_STATES.filter((name) => statesNamed(name).size === 0)).toEqual([]);
});
