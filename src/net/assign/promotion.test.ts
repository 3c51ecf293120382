import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Promotion } from './promotion.ts';

let directory: string;
const file = (device: string) => join(directory, device, 'promote_secondaries');
const set = (device: string) => readFileSync(file(device), 'utf8').trim();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xlb-promotion-'));
  for (const device of ['eth0', 'eth1']) mkdirSync(join(directory, device));
  writeFileSync(file('eth0'), '0\n');
  writeFileSync(file('eth1'), '1\n');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('it is set while someone asks, and then what it was', () => {
  const promotion = new Promotion(directory);
  for (const [who, device] of [
    ['a', 'eth0'],
    ['b', 'eth0'],
    ['b', 'eth1'],
    ['a', 'eth0'],
  ] as const)
    promotion.ask(who, device);
  promotion.withdraw('a');
  promotion.withdraw('a');
  expect([set('eth0'), set('eth1')]).toEqual(['1', '1']);
  promotion.withdraw('b');
  expect([set('eth0'), set('eth1')]).toEqual(['0', '1']);
});

test('an interface that is not there, or is gone by then, is no fault', () => {
  const promotion = new Promotion(directory);
  promotion.ask('a', 'eth9');
  promotion.ask('a', 'eth0');
  rmSync(join(directory, 'eth0'), { recursive: true });
  expect(() => promotion.withdraw('a')).not.toThrow();
});
