/**
 * keepalived's rule of `enable_script_security`: what runs with root's rights must be out of
 * everybody else's reach, and every directory on the way to it, too. Links are followed as the
 * kernel does, and each place that they lead through counts.
 */
import { constants, lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Identity } from './accounts.ts';

/** Of one name, not of what a link leads to. */
export interface FileFacts {
  readonly uid: number;
  readonly gid: number;
  /** With the type, as of stat(2). */
  readonly mode: number;
  /** Where a link leads; null: it is none. */
  readonly link: string | null;
}

/** Null: there is no such file, or it cannot be looked at. */
export type LookAt = (path: string) => FileFacts | null;

/** As the kernel: ELOOP. */
const MAX_LINKS = 40;
const { S_IFMT, S_IFREG, S_IFDIR, S_IWGRP, S_IWOTH } = constants;
const STICKY = 0o1000;
const SET_UID = 0o4000;
const SET_GID = 0o2000;

/** Why the program at an absolute path must not run as this user; null: it may. */
export function scriptFault(path: string, user: Pick<Identity, 'uid' | 'gid'>, look: LookAt): string | null {
  const places = placesOf(path, look);
  if (typeof places === 'string') return places;
  const { facts } = places[places.length - 1]!;
  const isRoots =
    user.uid === 0 ||
    user.gid === 0 ||
    (facts.uid === 0 && (facts.mode & SET_UID) !== 0) ||
    (facts.gid === 0 && (facts.mode & SET_GID) !== 0);
  if (!isRoots) return null;
  for (const place of places) {
    const fault = openTo(place);
    if (fault !== null) return fault;
  }
  return null;
}

/** As this machine has it. */
export const lookAtFile: LookAt = (path) => {
  try {
    const { uid, gid, mode } = lstatSync(path);
    return { uid, gid, mode, link: isType(mode, constants.S_IFLNK) ? readlinkSync(path) : null };
  } catch {
    return null;
  }
};

interface Place {
  readonly path: string;
  readonly facts: FileFacts;
}

/** Every directory and link on the way, and the file last; or why there is none. */
function placesOf(path: string, look: LookAt): Place[] | string {
  const places: Place[] = [];
  const ahead = path.split('/').filter((name) => name !== '');
  let here = '/';
  let links = 0;
  const visit = (next: string) => {
    const facts = look(next);
    if (facts !== null) places.push({ path: next, facts });
    return facts;
  };
  if (visit('/') === null) return "'/' cannot be looked at";
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    const next = name === '..' ? dirname(here) : join(here, name);
    const facts = visit(next);
    if (facts === null) return `there is no '${next}'`;
    if (facts.link === null) here = next;
    else {
      if (++links > MAX_LINKS) return `'${path}' leads through more than ${MAX_LINKS} links`;
      ahead.unshift(...facts.link.split('/').filter((each) => each !== ''));
      if (facts.link.startsWith('/')) here = '/';
    }
  }
  const last = places[places.length - 1]!;
  return isType(last.facts.mode, S_IFREG) ? places : `'${last.path}' is no file`;
}

/** Who else could change what stands there. The mode of a link says nothing; its owner may remove it. */
function openTo({ path, facts: { uid, gid, mode, link } }: Place): string | null {
  if (uid !== 0) return `'${path}' belongs to user ${uid}, expected root`;
  const keepsOthersOff = isType(mode, S_IFDIR) && (mode & STICKY) !== 0;
  if (link !== null || keepsOthersOff) return null;
  if ((mode & S_IWOTH) !== 0) return `everybody may write to '${path}'`;
  if (gid !== 0 && (mode & S_IWGRP) !== 0) return `group ${gid} may write to '${path}'`;
  return null;
}

function isType(mode: number, type: number): boolean {
  return (mode & S_IFMT) === type;
}
