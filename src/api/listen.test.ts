import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groupId, listenTcp, listenUnix } from './listen.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xlb-listen-'));
  path = join(directory, 'xlb.sock');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('listenUnix', () => {
  it('makes a socket for its owner and group alone, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      const listening = await listenUnix(createServer(), { path, group: String(process.getgid?.()) });
      expect(statSync(path).mode & 0o7777).toBe(0o660);
      expect(statSync(path).gid).toBe(process.getgid?.());
      expect(process.umask()).toBe(0);
      await listening.close();
    } finally {
      process.umask(before);
    }
  });

  it('leaves nothing behind, and closes twice', async () => {
    const listening = await listenUnix(createServer(), { path });
    expect(readdirSync(directory)).toEqual(['xlb.sock']);
    await listening.close();
    await listening.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('replaces what a dead daemon left', async () => {
    writeFileSync(path, '');
    const listening = await listenUnix(createServer(), { path });
    expect(statSync(path).isSocket()).toBe(true);
    await listening.close();
  });

  it('leaves a daemon that answers alone', async () => {
    const other = createNetServer().listen(path);
    await new Promise((resolve) => other.once('listening', resolve));
    await expect(listenUnix(createServer(), { path })).rejects.toThrow(`another xlbd answers at ${path}`);
    expect(existsSync(path)).toBe(true);
    other.close();
  });

  it('fails without a trace where the group does not exist', async () => {
    await expect(listenUnix(createServer(), { path, group: 'no-such-group' })).rejects.toThrow(
      'no group no-such-group',
    );
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('groupId', () => {
  it('reads names and numbers', () => {
    const file = join(directory, 'group');
    writeFileSync(file, 'root:x:0:\nxlb:x:993:alice,bob\n');
    expect(groupId('xlb', file)).toBe(993);
    expect(groupId('1000', file)).toBe(1000);
    expect(() => groupId('alice', file)).toThrow('no group alice');
  });
});

describe('listenTcp', () => {
  it('takes a free port and says when there is none', async () => {
    const first = await listenTcp(createServer(), '127.0.0.1', 0);
    expect(first.port).toBeGreaterThan(0);
    await expect(listenTcp(createServer(), '127.0.0.1', first.port)).rejects.toThrow('EADDRINUSE');
    await first.close();
  });
});
