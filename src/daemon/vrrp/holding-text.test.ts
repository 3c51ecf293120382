import { expect, test } from 'vitest';
import { holdingText, parseHolding } from './holding-text.ts';

test.each([
  ['metrics of a route', { kind: 'route', value: { metrics: new Map([[2, 1400]]), hops: [{ weight: 1 }] } }],
  ['no metrics', { kind: 'route', value: { metrics: new Map() } }],
  ['the tunnel of a rule', { kind: 'rule', value: { tunnel: 2n ** 60n, from: null } }],
  ['an address', { kind: 'address', value: { address: '192.0.2.9', prefix: 24, ignored: [] } }],
])('%s comes back as it was', (_, value) => {
  expect(parseHolding(holdingText(value))).toEqual(value);
});

test('routes that differ in a metric have different texts', () => {
  const route = (mtu: number) => holdingText({ metrics: new Map([[2, mtu]]) });
  expect(route(1400)).not.toBe(route(1500));
});
