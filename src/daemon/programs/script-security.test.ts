import { expect, it } from 'vitest';
import { type FileFacts, scriptFault } from './script-security.ts';

const ROOT: FileFacts = { uid: 0, gid: 0, mode: 0o755 };

it.each([
  ["root's alone", {}, null],
  ['written by somebody', { '/etc/x/run.sh': { ...ROOT, uid: 7 } }, "/etc/x/run.sh is not root's"],
  ['in a directory of somebody', { '/etc/x': { ...ROOT, uid: 7 } }, "/etc/x is not root's"],
  ['that everybody may write', { '/etc/x/run.sh': { ...ROOT, mode: 0o757 } }, 'everybody may write to /etc/x/run.sh'],
  ['in a directory that everybody may write', { '/etc/x': { ...ROOT, mode: 0o777 } }, 'everybody may write to /etc/x'],
  ['in one where everybody may write but their own', { '/etc/x': { ...ROOT, mode: 0o1777 } }, null],
  ['that a group may write', { '/etc': { uid: 0, gid: 9, mode: 0o775 } }, 'group 9 may write to /etc'],
  ["that root's group may write", { '/etc': { ...ROOT, mode: 0o775 } }, null],
  [
    'a sticky bit of the program itself is no help',
    { '/etc/x/run.sh': { ...ROOT, mode: 0o1777 } },
    'everybody may write',
  ],
])('a program %s', (_, facts: Record<string, FileFacts>, fault) => {
  const found = scriptFault('/etc/x/run.sh', (path) => facts[path] ?? ROOT);
  if (fault === null) expect(found).toBeNull();
  else expect(found).toContain(fault);
});
