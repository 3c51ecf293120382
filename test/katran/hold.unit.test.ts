/** The judge of Katran's packets, with packets that are wrong in one way each. */
import { expect, test } from 'vitest';
import type { Outcome } from '../bpf/fixture.ts';
import { ethernet, type PacketBuilder } from '../support/packet.ts';
import type { Case, Portable } from './fixtures.ts';
import { type Choice, hold } from './hold.ts';

const CLIENT = { src: '192.168.1.1', dst: '10.200.1.1', tos: 4, ttl: 64 };
const came = ethernet().ipv4(CLIENT).udp().payload('hello').build();
const tunnel: Portable = {
  ...{ action: 'XDP_TX', kind: 'ipip_encap', outer_family: 4, outer_dst: '10.0.0.3', outer_tos: 4 },
  ...{ eth_dst: '00:00:de:ad:be:af', inner_equals_input_l3: true },
};
const choice: Choice = { reals: ['10.0.0.2', '10.0.0.3'], designated: false };

const fixture = (portable: Portable, expected = came): Case => ({
  ...{ n: 1, description: '', portable },
  input_b64: came.toString('base64'),
  expected_b64: expected.toString('base64'),
});
const outer = (fields = {}): PacketBuilder =>
  ethernet({ dst: '00:00:de:ad:be:af' }).ipv4({ src: '10.0.13.37', dst: '10.0.0.2', tos: 4, ...fields });
const sent = (frame: Buffer): Outcome => ({ verdict: 'tx', frame });
const inside = (builder: PacketBuilder, fields = {}, payload = 'hello'): Buffer =>
  builder
    .ipv4({ ...CLIENT, ...fields })
    .udp()
    .payload(payload)
    .build();

test('any real of the VIP is right, where the choice is a hash', () => {
  expect(hold(fixture(tunnel), sent(inside(outer())), choice)).toEqual([]);
});

test.each([
  ['another action', 'action', { verdict: 'drop' as const, frame: came }, choice],
  ['a real that was not designated', 'server', sent(inside(outer())), { ...choice, designated: true }],
  ['a real of no hash', 'server', sent(inside(outer())), { ...choice, reals: ['10.0.0.2'] }],
  ['a real that is gone', 'server', sent(inside(outer())), { ...choice, gone: '10.0.0.2' }],
  ['a stranger', 'server', sent(inside(outer({ dst: '10.0.0.9' }))), choice],
  ['another TOS', 'tos', sent(inside(outer({ tos: 0 }))), choice],
  ['a lower TTL inside', 'ttl', sent(inside(outer(), { ttl: 63 })), choice],
  ['a TTL that is lower by two', 'inner', sent(inside(outer(), { ttl: 62 })), choice],
  ['another payload', 'inner', sent(inside(outer(), {}, 'jello')), choice],
] as const)('%s', (_, aspect, outcome, among) => {
  expect(hold(fixture(tunnel), outcome, among)[0]?.aspect).toBe(aspect);
});

test('no tunnel at all', () => {
  expect(hold(fixture(tunnel), sent(came), choice).map(({ aspect }) => aspect)).toContain('encapsulation');
});

test.each([['to another MAC', 'mac', { dst: '02:00:00:00:00:09' }]] as const)('%s', (_, aspect, link) => {
  const frame = ethernet(link).ipv4({ dst: '10.0.0.2', tos: 4 }).ipv4(CLIENT).udp().payload('hello').build();
  expect(hold(fixture(tunnel), sent(frame), choice).map((each) => each.aspect)).toEqual([aspect]);
});

test('what is passed has to be as Katran passes it', () => {
  const passed: Portable = { action: 'XDP_PASS', kind: 'unchanged' };
  const outcome: Outcome = { verdict: 'pass', frame: came };
  expect(hold(fixture(passed), outcome, choice)).toEqual([]);
  const stripped = fixture(passed, inside(ethernet(), {}, 'other'));
  expect(hold(stripped, outcome, choice)).toEqual([{ aspect: 'packet', expected: "Katran's", got: 'as it came' }]);
});
