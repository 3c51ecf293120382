import { expect, it } from 'vitest';
import { Accounts } from './accounts.ts';

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n\n';
const GROUP = 'root:x:0:\nme:x:1000:\nstaff:x:50:me,you\nwheel:x:60:you,me\nempty:x:70:';
const accounts = new Accounts(PASSWD, GROUP);

it.each([
  ['a name', 'me', null, false, { uid: 1000, gid: 1000, groups: null }],
  ['a name and a group', 'me', 'staff', false, { uid: 1000, gid: 50, groups: null }],
  ['numbers', '1000', '77', false, { uid: 1000, gid: 77, groups: null }],
  ['a number that nobody has', '4711', 'staff', false, { uid: 4711, gid: 50, groups: null }],
  ['its group, by its number', '1000', null, false, { uid: 1000, gid: 1000, groups: null }],
  ['all groups', 'me', null, true, { uid: 1000, gid: 1000, groups: [1000, 50, 60] }],
  ['a colon', 'me', ':empty', false, { uid: 1000, gid: 70, groups: [70, 50, 60] }],
  ['nothing but a colon', 'me', ':', false, { uid: 1000, gid: 1000, groups: [1000, 50, 60] }],
  ['all groups of a number', '4711', ':staff', false, { uid: 4711, gid: 50, groups: [50] }],
  ['nobody', 'them', null, false, { error: "there is no user 'them' in /etc/passwd" }],
  ['no group', 'me', 'them', false, { error: "there is no group 'them' in /etc/group" }],
  [
    'the group of nobody',
    '4711',
    null,
    false,
    { error: 'there is no user 4711 in /etc/passwd, so its group has to be said' },
  ],
])('resolves %s', (_title, user, group, supplementary, expected) => {
  expect(accounts.resolve({ user, group }, supplementary)).toEqual(expected);
});

it('has the own user for who is not named, or keepalived_script', () => {
  const own = { uid: 7, gid: 8, groups: null };
  expect(accounts.scriptUser(own)).toEqual(own);
  const others = new Accounts(`${PASSWD}keepalived_script:x:999:998::/:/bin/false\n`, GROUP);
  expect(others.scriptUser(own)).toEqual({ uid: 999, gid: 998, groups: null });
});

it('reads those of this machine', () => {
  expect(Accounts.read().resolve({ user: 'root', group: null })).toEqual({ uid: 0, gid: 0, groups: null });
});
