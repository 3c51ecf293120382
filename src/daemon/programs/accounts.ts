/**
 * Users and groups by name or number, from /etc/passwd and /etc/group. Accounts that only another
 * source knows (LDAP, say) are not found; their numbers work.
 */
import { readFileSync } from 'node:fs';
import type { User } from '../../core/config/forms/scripts.ts';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; null: none. */
  readonly groups: readonly number[] | null;
}

/** Whom keepalived's packages make for this. */
const SCRIPT_USER = 'keepalived_script';

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export class Accounts {
  readonly #accounts: readonly Account[];
  readonly #groups: readonly Group[];

  /** Of the texts of the two files. */
  constructor(passwd: string, group: string) {
    this.#accounts = fieldsOf(passwd).map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
    this.#groups = fieldsOf(group).map(([name = '', , gid, members = '']) => ({
      name,
      gid: Number(gid),
      members: members.split(','),
    }));
  }

  /** As the machine has them now. */
  static read(): Accounts {
    return new Accounts(readFileSync('/etc/passwd', 'utf8'), readFileSync('/etc/group', 'utf8'));
  }

  /** Whose programs are that name nobody: keepalived_script's where there is such a user, else those of `own`. */
  scriptUser(own: Identity): Identity {
    const found = this.#accounts.find(({ name }) => name === SCRIPT_USER);
    return found === undefined ? own : { uid: found.uid, gid: found.gid, groups: null };
  }

  /** With `supplementary`, or a colon before the group, all groups that name the user count. */
  resolve({ user, group }: User, supplementary = false): Identity | { readonly error: string } {
    const account = this.#accounts.find(({ name, uid }) => (isNumber(user) ? uid === Number(user) : name === user));
    if (account === undefined && !isNumber(user)) return { error: `there is no user '${user}' in /etc/passwd` };
    const [wanted, withAll] = group?.startsWith(':') ? [group.slice(1), true] : [group ?? '', supplementary];
    const gid = wanted === '' ? account?.gid : this.#groupId(wanted);
    if (gid === undefined) {
      if (wanted !== '') return { error: `there is no group '${wanted}' in /etc/group` };
      return { error: `there is no user ${user} in /etc/passwd, so its group has to be said` };
    }
    const uid = account?.uid ?? Number(user);
    return { uid, gid, groups: withAll ? this.#groupsOf(account?.name, gid) : null };
  }

  #groupId(text: string): number | undefined {
    return isNumber(text) ? Number(text) : this.#groups.find(({ name }) => name === text)?.gid;
  }

  #groupsOf(name: string | undefined, gid: number): number[] {
    const others = name === undefined ? [] : this.#groups.filter(({ members }) => members.includes(name));
    return [...new Set([gid, ...others.map((group) => group.gid)])];
  }
}

function fieldsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => line.split(':'));
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}
