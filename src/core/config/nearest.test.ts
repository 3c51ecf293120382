import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

const WORDS = ['priority', 'virtual_router_id', 'HTTP_GET', 'weight', 'accept', 'alpha'];

it.each([
  ['prioritty', 'priority'],
  ['pirority', 'priority'],
  ['virtual_routerid', 'virtual_router_id'],
  ['http_get', 'HTTP_GET'],
  ['wieght', 'weight'],
  ['xy', null],
  ['foo_bar', null],
  ['', null],
])('of %j it is %j', (word, expected) => {
  expect(nearest(word, WORDS)).toBe(expected);
});
