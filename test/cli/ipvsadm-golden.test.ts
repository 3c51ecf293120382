/** Every recorded command of ipvsadm 1.31: the same bytes, or "not supported yet" for a reason that is named here. */
import { beforeAll, describe, expect, it } from 'vitest';
import { FakeBackend, type Outcome, run } from './ipvsadm-fake.ts';
import { blocksInAnyOrder, ERRORS, type GoldenRecord, LISTING, SETUP } from './ipvsadm-golden.ts';
import { connectionsOf, numbersOf } from './ipvsadm-numbers.ts';

type Listed = (typeof LISTING)[number];

describe('listing.json', () => {
  const outcomes = new Map<string, Outcome>();
  const backend = new FakeBackend();

  /** The recording's table and traffic came between the eighth record and the ninth. */
  async function setUp(): Promise<void> {
    for (const line of SETUP) {
      expect([line, await run(['ipvsadm', ...line.split(' ')], backend)]).toMatchObject([line, { rc: 0 }]);
    }
  }

  function copyNumbers({ argv, name, stdout }: Listed): void {
    const isNumeric = argv.includes('-n');
    if (argv.includes('-c')) {
      const listed = connectionsOf(stdout);
      // Names are looked up: of a table with names only the times are taken.
      backend.connectionList = isNumeric
        ? listed
        : backend.connectionList.map((row, index) => ({ ...row, expires_s: listed[index]?.expires_s ?? 0 }));
    } else if (isNumeric && argv.some((word) => /^-[lL]$/.test(word)) && !name.startsWith('stats-after')) {
      backend.count(numbersOf(stdout));
    }
  }

  beforeAll(async () => {
    for (const record of LISTING) {
      if (record.name === 'list-notraffic') await setUp();
      copyNumbers(record);
      const options = record.stdin === undefined ? {} : { stdin: record.stdin };
      outcomes.set(record.name, await run(record.argv, backend, options));
    }
  });

  it.each(LISTING)('$name: $cmd', (record) => {
    const got = outcomes.get(record.name);
    const want = { rc: record.rc, stdout: record.stdout, stderr: record.stderr };
    if (record.argv.includes('--nosort')) {
      expect(blocksInAnyOrder(got?.stdout ?? '')).toEqual(blocksInAnyOrder(want.stdout));
    } else {
      expect(got).toEqual(want);
    }
  });

  it('is complete', () => {
    expect(LISTING.length).toBe(71);
  });
});

describe('errors.json', () => {
  async function replay(record: GoldenRecord): Promise<Outcome & { after: string }> {
    const backend = new FakeBackend();
    for (const line of ERRORS.errors_setup) {
      expect(await run(['ipvsadm', ...line.split(' ')], backend)).toMatchObject({ rc: 0 });
    }
    const outcome = await run(record.argv, backend);
    return { ...outcome, after: (await run(['ipvsadm', '-S', '-n'], backend)).stdout };
  }

  it.each(ERRORS.cases)('$cmd', async (record) => {
    const { rc, stderr } = record;
    const want = { rc, stderr, stdout: record.stdout, after: record.after };
    expect(await replay(record)).toEqual(want);
  });

  it('is complete', () => {
    expect(ERRORS.cases.length).toBe(111);
  });
});
