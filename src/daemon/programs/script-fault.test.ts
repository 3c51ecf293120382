import { describe, expect, it } from 'vitest';
import { type FileFacts, scriptFault } from './script-fault.ts';

const ROOT = { uid: 0, gid: 0 };
const USER = { uid: 1000, gid: 1000 };

const directory = (mode = 0o755, uid = 0, gid = 0): FileFacts => ({ uid, gid, mode: 0o040000 | mode, link: null });
const file = (mode = 0o755, uid = 0, gid = 0): FileFacts => ({ uid, gid, mode: 0o100000 | mode, link: null });
const link = (to: string, uid = 0): FileFacts => ({ uid, gid: uid, mode: 0o120777, link: to });

const TREE: Record<string, FileFacts> = {
  '/': directory(),
  '/etc': directory(),
  '/etc/good': file(),
  '/etc/users': file(0o755, 1000),
  '/etc/staff': file(0o775, 0, 50),
  '/etc/wheel': file(0o775, 0, 0),
  '/etc/open': file(0o757),
  '/etc/setuid': file(0o4757),
  '/etc/setgid': file(0o2757),
  '/etc/up': link('../etc/./good'),
  '/etc/through': link('/tmp/hop'),
  '/etc/round': link('round'),
  '/etc/gone': link('/nowhere'),
  '/etc/sticky-file': file(0o1757),
  '/home': directory(0o755, 1000),
  '/home/good': file(),
  '/shared': directory(0o775, 0, 50),
  '/shared/good': file(),
  '/tmp': directory(0o1777),
  '/tmp/good': file(),
  '/tmp/hop': link('/etc/good', 1000),
};

const fault = (path: string, user = ROOT) => scriptFault(path, user, (each) => TREE[each] ?? null);

describe('a program that runs as root', () => {
  it.each([
    ['lies where only root writes', '/etc/good', null],
    ['by a path of many slashes and dots', '//etc//../etc/./good', null],
    ['may be written to by its own user', '/etc/users', "'/etc/users' belongs to user 1000, expected root"],
    ['may be written to by a group', '/etc/staff', "group 50 may write to '/etc/staff'"],
    ["is root's group's", '/etc/wheel', null],
    ["is everybody's", '/etc/open', "everybody may write to '/etc/open'"],
    ["lies in a user's directory", '/home/good', "'/home' belongs to user 1000, expected root"],
    ["lies in a group's directory", '/shared/good', "group 50 may write to '/shared'"],
    ['lies in a sticky directory', '/tmp/good', null],
    ['is a sticky file', '/etc/sticky-file', "everybody may write to '/etc/sticky-file'"],
    ['by a link', '/etc/up', null],
    ["by somebody's link on the way", '/etc/through', "'/tmp/hop' belongs to user 1000, expected root"],
    ['by a link to itself', '/etc/round', "'/etc/round' leads through more than 40 links"],
    ['by a link to nothing', '/etc/gone', "there is no '/nowhere'"],
    ['is not there', '/etc/none', "there is no '/etc/none'"],
    ['is a directory', '/etc', "'/etc' is no file"],
  ])('%s', (_title, path, expected) => {
    expect(fault(path)).toBe(expected);
  });

  it('by its group alone is one, too', () => {
    expect(fault('/etc/open', { uid: 1000, gid: 0 })).toBe("everybody may write to '/etc/open'");
  });

  it.each(['/etc/setuid', '/etc/setgid'])('by a bit of %s is one, too', (path) => {
    expect(fault(path, USER)).toBe(`everybody may write to '${path}'`);
  });
});

it('a program that runs as somebody else may lie anywhere', () => {
  expect(fault('/etc/open', USER)).toBeNull();
  expect(fault('/home/good', USER)).toBeNull();
});
