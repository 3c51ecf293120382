/**
 * Sockets of the API. The unix socket exists with its final owner and mode from
 * the first moment at which its name does: it is bound under another name, set
 * up, and renamed into place.
 */
import { chmodSync, chownSync, readFileSync, renameSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';

export interface Listening {
  /** Closes at once, with the connections that are open, and removes the socket's name. Twice is safe. */
  close(): Promise<void>;
}

export interface UnixOptions {
  readonly path: string;
  /** Name or number of the group that may talk beside root; left out: the process's. */
  readonly group?: string | undefined;
}

/** Throws where another daemon answers at `path`, or the group does not exist. A stale socket is replaced. */
export async function listenUnix(server: Server, { path, group }: UnixOptions): Promise<Listening> {
  if (await answers(path)) throw new Error(`another xlbd answers at ${path}`);
  const gid = group === undefined ? undefined : groupId(group);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  rmSync(temporary, { force: true });
  try {
    await bind(server, () => withUmask(0o177, () => server.listen({ path: temporary })));
    if (gid !== undefined) chownSync(temporary, -1, gid);
    chmodSync(temporary, 0o660);
    renameSync(temporary, path);
  } catch (error) {
    server.close();
    rmSync(temporary, { force: true });
    throw error;
  }
  return { close: () => closeServer(server, () => rmSync(path, { force: true })) };
}

/** `address` without brackets; port 0 takes a free one. */
export async function listenTcp(server: Server, host: string, port: number): Promise<Listening & { port: number }> {
  await bind(server, () => server.listen({ host, port }));
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () => closeServer(server, () => {}),
  };
}

/** The number of a group; throws where there is none of that name. Node has no getgrnam. */
export function groupId(group: string, file = '/etc/group'): number {
  if (/^\d+$/.test(group)) return Number(group);
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .map((text) => text.split(':'))
    .find(([name]) => name === group);
  if (line === undefined) throw new Error(`no group ${group} in ${file}`);
  return Number(line[2]);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** Node binds a path within `listen`, so the mask, which is the whole process's, holds for that call alone. */
function withUmask(mask: number, action: () => void): void {
  const before = process.umask(mask);
  try {
    action();
  } finally {
    process.umask(before);
  }
}

function bind(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

function closeServer(server: Server, remove: () => void): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    remove();
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
