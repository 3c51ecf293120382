/** Every recorded command of ipvsadm 1.31: the same bytes, or "not supported yet" for a reason that is named here. */
import { beforeAll, describe, expect, it } from 'vitest';
import { FakeBackend, type Outcome, run } from './ipvsadm-fake.ts';
import {
  blocksInAnyOrder,
  ERRORS,
  type GoldenRecord,
  LISTING,
  SETUP,
  simplify,
  simplifyWords,
} from './ipvsadm-golden.ts';
import { connectionsOf, numbersOf } from './ipvsadm-numbers.ts';

type Listed = (typeof LISTING)[number];

describe('listing.json', () => {
  const outcomes = new Map<string, Outcome>();
  const backend = new FakeBackend();

  /** The recording's table and traffic came between the eighth record and the ninth. */
  async function setUp(): Promise<void> {
    for (const line of SETUP) {
      const words = simplify(line);
      if (words !== '')
        expect([line, await run(['ipvsadm', ...words.split(' ')], backend)]).toMatchObject([line, { rc: 0 }]);
    }
  }

  function copyNumbers({ argv, name, stdout }: Listed): void {
    const isNumeric = argv.includes('-n');
    if (argv.includes('-c')) {
      const listed = connectionsOf(simplify(stdout));
      // Names are looked up: of a table with names only the times are taken.
      backend.connectionList = isNumeric
        ? listed
        : backend.connectionList.map((row, index) => ({ ...row, expires_s: listed[index]?.expires_s ?? 0 }));
    } else if (isNumeric && argv.some((word) => /^-[lL]$/.test(word)) && !name.startsWith('stats-after')) {
      backend.count(numbersOf(simplify(stdout)));
    }
  }

  beforeAll(async () => {
    for (const record of LISTING) {
      if (record.name === 'list-notraffic') await setUp();
      copyNumbers(record);
      const options = record.stdin === undefined ? {} : { stdin: simplify(record.stdin) };
      outcomes.set(record.name, await run(simplifyWords(record.argv), backend, options));
    }
  });

  it.each(LISTING)('$name: $cmd', (record) => {
    const got = outcomes.get(record.name);
    const want = { rc: record.rc, stdout: simplify(record.stdout), stderr: record.stderr };
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

describe('setup.args', () => {
  it('says of each line what is not supported', async () => {
    const backend = new FakeBackend();
    const answers: string[] = [];
    for (const line of SETUP) answers.push((await run(['ipvsadm', ...line.split(' ')], backend)).stderr.trim());
    expect(answers).toEqual(SETUP.map(setupAnswer));
  });
});

/** Services that cannot be added have no real servers to add either. */
const REFUSED: Readonly<Record<string, string>> = {
  '10.0.0.100:2905': 'SCTP (--sctp-service)',
};

function setupAnswer(line: string): string {
  const [command = '', option = '', service = ''] = line.split(' ');
  const refused = REFUSED[service];
  if (refused === undefined) return '';
  const isAdd = command === '-A' || command === '--add-service' || option === '--sctp-service';
  return isAdd ? `not supported yet: ${refused}` : 'Service not defined';
}

describe('errors.json', () => {
  async function replay(record: GoldenRecord): Promise<Outcome & { after: string }> {
    const backend = new FakeBackend();
    for (const line of ERRORS.errors_setup) {
      const words = simplify(line);
      if (words !== '') expect(await run(['ipvsadm', ...words.split(' ')], backend)).toMatchObject({ rc: 0 });
    }
    const outcome = await run(record.argv, backend);
    return { ...outcome, after: (await run(['ipvsadm', '-S', '-n'], backend)).stdout };
  }

  it.each(ERRORS.cases)('$cmd', async (record) => {
    const { rc, stderr } = record;
    const want = { rc, stderr, stdout: simplify(record.stdout), after: simplify(record.after) };
    expect(await replay(record)).toEqual(want);
  });

  it('is complete', () => {
    expect(ERRORS.cases.length).toBe(111);
  });
});
