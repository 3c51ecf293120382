/** Users and groups of this machine, as /etc/passwd and /etc/group have them. */
import { readFileSync } from 'node:fs';
import type { ConfigModel } from '../../core/config/model/build-model.ts';

export type ConfiguredUser = NonNullable<ConfigModel['scripts'][number]['user']>;

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** With the supplementary groups of the user. */
  readonly allGroups: boolean;
}

/** Whom keepalived's package makes for scripts. */
const STANDARD_USER = 'keepalived_script';

/**
 * Null: whoever runs this process. Throws an Error that names what is not there.
 * Without a user in the file it is keepalived_script, where there is one.
 */
export function accountOf(user: ConfiguredUser | null, directory = '/etc'): Account | null {
  const users = entriesOf(`${directory}/passwd`);
  const name = user?.user ?? STANDARD_USER;
  const entry = users.get(name) ?? [...users.values()].find(([, , uid]) => uid === name);
  if (entry === undefined && user === null) return null;
  if (entry === undefined) throw new Error(`found user '${name}', expected one of ${directory}/passwd`);
  const group = user?.group ?? null;
  const allGroups = group?.startsWith(':') ?? false;
  const gid = group === null || group === ':' ? Number(entry[3]) : groupId(group.replace(/^:/, ''), directory);
  return { uid: Number(entry[2]), gid, allGroups };
}

function groupId(name: string, directory: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const entry = entriesOf(`${directory}/group`).get(name);
  if (entry === undefined) throw new Error(`found group '${name}', expected one of ${directory}/group`);
  return Number(entry[2]);
}

/** Lines of fields between colons, by the first. */
function entriesOf(path: string): Map<string, string[]> {
  const lines = readFileSync(path, 'utf8').split('\n');
  return new Map(lines.filter((line) => line !== '').map((line) => [line.split(':')[0]!, line.split(':')]));
}
