/**
 * The recorded commands of ipvsadm 1.31 against a real xlbd with its maps in the
 * kernel. No traffic passes, so numbers of connections and packets are 0 in what
 * is expected; everything else is to be the same.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiBackend } from '../../src/cli/ipvsadm/api-backend.ts';
import { Daemon } from '../daemon/support/daemon.ts';
import { type Outcome, run } from './ipvsadm-fake.ts';
import { blocksInAnyOrder, ERRORS, LISTING, SETUP } from './ipvsadm-golden.ts';

let daemon: Daemon;
let backend: ApiBackend;

beforeAll(async () => {
  daemon = await Daemon.start();
  backend = new ApiBackend(daemon.client, 'alice');
});

afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

/** A table in which nothing has been counted. */
function uncounted(stdout: string): string {
  if (stdout.startsWith('IPVS connection entries')) return stdout.split('\n').slice(0, 2).concat('').join('\n');
  const title = stdout.slice(0, stdout.indexOf('\n  ->'));
  const lines = stdout.split('\n');
  if (/ (?:InPkts|InPPS) /.test(title)) {
    return lines.map((line) => line.slice(0, 33) + (isRow(line) ? zeros(line.slice(33)) : line.slice(33))).join('\n');
  }
  const isPersistent = title.includes('PersistConn');
  return lines.map((line) => withoutCounts(line, isPersistent)).join('\n');
}

function isRow(line: string): boolean {
  return /^(?:TCP|UDP|SCTP|FWM| {2}->) .* \d+$/.test(line);
}

/** Right-aligned numbers. */
function zeros(numbers: string): string {
  return numbers.replace(/\d+/g, (digits) => '0'.padStart(digits.length));
}

/** ActiveConn and InActConn, and PersistConn before them: left-aligned. */
function withoutCounts(line: string, isPersistent: boolean): string {
  if (!/^ {2}-> .* \d+ +\d+ +$/.test(line)) return line;
  const counts = line.replace(/\d+ +\d+ +$/, `${'0'.padEnd(10)} ${'0'.padEnd(10)}`);
  return isPersistent
    ? counts.replace(/\d+( +0 {10}0 {9})$/, (found, rest) => '0'.padEnd(found.length - rest.length) + rest)
    : counts;
}

async function restore(lines: readonly string[]): Promise<void> {
  const stdin = lines.filter((line) => line !== '').join('\n');
  expect(await run(['ipvsadm', '-R'], backend, { stdin })).toEqual({ rc: 0, stdout: '', stderr: '' });
}

describe('listing.json', () => {
  const outcomes = new Map<string, Outcome>();

  beforeAll(async () => {
    for (const record of LISTING) {
      if (record.name === 'list-notraffic') await restore(SETUP);
      const options = record.stdin === undefined ? {} : { stdin: record.stdin };
      outcomes.set(record.name, await run(record.argv, backend, options));
    }
  });

  it.each(LISTING)('$name: $cmd', ({ name, argv, rc, stdout, stderr }) => {
    const want = { rc, stdout: uncounted(stdout), stderr };
    const got = outcomes.get(name);
    if (argv.includes('--nosort')) {
      expect(blocksInAnyOrder(got?.stdout ?? '')).toEqual(blocksInAnyOrder(want.stdout));
    } else {
      expect(got).toEqual(want);
    }
  });
});

describe('errors.json', () => {
  it.each(ERRORS.cases)('$cmd', async ({ argv, rc, stdout, stderr, after }) => {
    await run(['ipvsadm', '-C'], backend);
    await restore(ERRORS.errors_setup);
    expect(await run(argv, backend)).toEqual({ rc, stdout: uncounted(stdout), stderr });
    expect((await run(['ipvsadm', '-S', '-n'], backend)).stdout).toBe(after);
  });
});
