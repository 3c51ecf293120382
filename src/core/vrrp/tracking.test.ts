import { expect, test } from 'vitest';
import { effectivePriority, failures, memberTrackers, type Tracker, type TrackStatus, trackerKey } from './tracking.ts';

const tracker = (weight: number, options: Partial<Tracker> = {}): Tracker => ({
  kind: 'script',
  name: 's',
  weight,
  reverse: false,
  ...options,
});
const file = (weight: number, reverse = false): Tracker => tracker(weight, { kind: 'file', name: 'f', reverse });
const with1 = (one: Tracker, status: TrackStatus) => [[one], new Map([[trackerKey(one), status]])] as const;

test.each<[string, number, Tracker, TrackStatus, number]>([
  ['a positive weight counts while up', 100, tracker(20), 'up', 120],
  ['and not while down', 100, tracker(20), 'down', 100],
  ['a negative one counts while down', 100, tracker(-30), 'down', 70],
  ['and not while up', 100, tracker(-30), 'up', 100],
  ['what is not known counts nothing', 100, tracker(-30), 'pending', 100],
  ['a positive weight that is turned around', 100, tracker(20, { reverse: true }), 'up', 80],
  ['a negative weight that is turned around', 100, tracker(-30, { reverse: true }), 'down', 130],
  ['never more than 254', 250, tracker(20), 'up', 254],
  ['never less than 1', 10, tracker(-30), 'down', 1],
  ['an owner stays', 255, tracker(-30), 'down', 255],
  ['a file is multiplied', 100, file(3), 7, 121],
  ['a file that is turned around', 100, file(3, true), 7, 79],
  ['a file of 0', 100, file(3), 0, 100],
  ['a file beyond all weights', 1, file(100), 100, 254],
])('priority: %s', (_, base, one, status, expected) => {
  expect(effectivePriority(base, ...with1(one, status))).toBe(expected);
});

test('weights add up', () => {
  const trackers = [tracker(20, { name: 'a' }), tracker(-30, { name: 'b' })];
  const statuses = new Map<string, TrackStatus>([
    ['script a', 'up'],
    ['script b', 'down'],
  ]);
  expect(effectivePriority(100, trackers, statuses)).toBe(90);
});

test.each<[string, number, Tracker, TrackStatus, boolean]>([
  ['a condition that is down', 100, tracker(0), 'down', true],
  ['a condition that is up', 100, tracker(0), 'up', false],
  ['a condition that is not known', 100, tracker(0), 'pending', false],
  ['turned around, up', 100, tracker(0, { reverse: true }), 'up', true],
  ['turned around, down', 100, tracker(0, { reverse: true }), 'down', false],
  ['turned around, not known', 100, tracker(0, { reverse: true }), 'pending', false],
  ['a weight that is down', 100, tracker(-30), 'down', false],
  ['a file with a number, as a condition', 100, file(0), 3, true],
  ['a file of 0, as a condition', 100, file(0), 0, false],
  ['a file that takes 254', 100, file(1), -254, true],
  ['a file that takes 253', 100, file(1), -253, false],
  ['a file that takes 254 from an owner', 255, file(1), -254, false],
  ['a file that takes 254, turned around', 100, file(1, true), 254, true],
  ['an owner with a condition that is down', 255, tracker(0), 'down', true],
])('fault: %s', (_, base, one, status, expected) => {
  expect(failures(base, ...with1(one, status))).toEqual(expected ? [trackerKey(one)] : []);
});

test('a member of a group: interfaces become conditions, other weights are dropped, the group’s count', () => {
  const link = tracker(-20, { kind: 'interface', name: 'eth0' });
  const own = [link, tracker(-30), tracker(0, { name: 'condition' })];
  const group = [tracker(10, { name: 'all' })];
  expect(memberTrackers(own, group, false)).toEqual([{ ...link, weight: 0 }, own[2], ...group]);
  expect(memberTrackers(own, group, true)).toEqual([...own, ...group]);
});
