import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimDirectory, startTime } from './claim.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xlb-claim-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const running =
  (...pids: number[]) =>
  (pid: number) =>
    pids.includes(pid) ? `${pid}00` : undefined;

describe('claimDirectory', () => {
  it('gets a directory, and gives it up', () => {
    const claim = claimDirectory(directory, 1, running(1));
    expect(claim.heldBy).toBeUndefined();
    expect(readdirSync(directory)).toEqual(['owner_1_100']);
    claim[Symbol.dispose]();
    claim[Symbol.dispose]();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('does not get what a living process holds', () => {
    claimDirectory(directory, 1, running(1));
    expect(claimDirectory(directory, 2, running(1, 2)).heldBy).toBe(1);
    expect(readdirSync(directory)).toEqual(['owner_1_100']);
  });

  it('takes over from a process that is gone, or whose number another one has', () => {
    claimDirectory(directory, 1, running(1));
    claimDirectory(directory, 2, () => '11');
    expect(claimDirectory(directory, 3, (pid) => (pid === 1 ? undefined : '22')).heldBy).toBeUndefined();
    expect(readdirSync(directory)).toEqual(['owner_3_22']);
  });

  it('tells processes apart by when they began', () => {
    expect(startTime(process.pid)).toMatch(/^\d+$/);
    expect(startTime(2 ** 22 + 1)).toBeUndefined();
  });

  it('takes a zombie for gone', async () => {
    // The outer shell becomes `sleep`, which never asks how its child ended.
    const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'latin1')).toMatch(/\) Z /);
      expect(startTime(pid)).toBeUndefined();
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
