/** The pinned data plane: made, adopted, and refused where it is not ours. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap } from 'libbpf-ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emptyHave, readHave } from '../../src/dataplane/have.ts';
import { type Dataplane, openDataplane } from '../../src/dataplane/open.ts';
import { ScheduleMemory } from '../../src/dataplane/schedule-memory.ts';
import { type Settings, VipFilterLimit } from '../../src/dataplane/types.gen.ts';
import { OBJECT, SMALL, TestBpffs } from './support/bpffs.ts';

let bpffs: TestBpffs;
beforeEach(() => {
  bpffs = new TestBpffs();
});
afterEach(() => bpffs[Symbol.dispose]());

const open = (sizes = SMALL, translates = false): Promise<Dataplane> =>
  openDataplane({ object: OBJECT, bpffs: bpffs.path, sizes, translates });

/** Everything below the directory, and the settings: what must not change. */
function pins(): string[] {
  return readdirSync(bpffs.path, { recursive: true, encoding: 'utf8' }).sort();
}

describe('a first start', () => {
  test('mounts, makes every map and settings that fit this kernel', async () => {
    using dataplane = await open();
    const settings = dataplane.maps.settings.get(0) as Settings;

    expect(dataplane.adopted).toBe(false);
    expect(readdirSync(join(bpffs.path, 'maps'))).toEqual(expect.arrayContaining(Object.keys(dataplane.maps)));
    expect([100, 250, 300, 1000]).toContain(settings.hertz);
    expect(settings.jiffy_scale).toBe(Math.floor(2 ** 24 / settings.hertz));
    expect(settings.bucket_mask).toBe(4096 / 8 - 1);
    expect(settings.timeout.slice(1, 13)).toEqual([900, 120, 60, 120, 120, 10, 60, 30, 120, 120, 2, 300]);
    expect(new Set(settings.hash_key).size).toBe(24);
    const schedules = new ScheduleMemory(dataplane.maps.schedules);
    const { line: _, ...found } = readHave(dataplane.maps, schedules);
    expect(emptyHave(schedules)).toMatchObject(found);
  });

  test('has a clock of seconds', async () => {
    using dataplane = await open();
    const start = dataplane.programs.readClock();
    await new Promise((done) => setTimeout(done, 1100));
    const seconds = dataplane.programs.readClock().now - start.now;
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(3);
  });

  test('clears away what a crash left half made', async () => {
    (await open())[Symbol.dispose]();
    // As if the process had died before it renamed the directory.
    renameSync(join(bpffs.path, 'maps'), join(bpffs.path, 'new'));
    using dataplane = await open();
    expect(dataplane.adopted).toBe(false);
    expect(existsSync(join(bpffs.path, 'new'))).toBe(false);
  });
});

describe('a later start', () => {
  test('takes over maps, settings and secret as they are', async () => {
    const first = await open();
    const settings = first.maps.settings.get(0);
    first.maps.vip_filter.set(3, 5n);
    first[Symbol.dispose]();

    using second = await open();
    expect(second.adopted).toBe(true);
    expect(second.maps.settings.get(0)).toEqual(settings);
    expect(second.maps.vip_filter.get(3)).toBe(5n);
  });

  test('takes the programs as they are pinned, and those of no other maps', async () => {
    const directory = join(bpffs.path, 'programs');
    const began = performance.now();
    const first = await open();
    const loaded = performance.now();
    const [id, own] = [first.programs.xlb.info().id, readdirSync(directory)];
    expect(first.store.werePinned).toBe(false);
    first[Symbol.dispose]();

    const closed = performance.now();
    const second = await open();
    // A tenth of it, on a machine that has nothing else to do.
    expect(performance.now() - closed).toBeLessThan((loaded - began) / 2);
    expect([second.store.werePinned, second.programs.xlb.info().id]).toEqual([true, id]);
    expect(second.programs.readClock().jiffies).toBeGreaterThan(0n);
    second[Symbol.dispose]();

    rmSync(join(bpffs.path, 'maps'), { recursive: true });
    using third = await open();
    expect([third.adopted, third.store.werePinned]).toEqual([false, false]);
    expect(third.programs.xlb.info().id).not.toBe(id);
    expect(readdirSync(directory)).toEqual(expect.arrayContaining(own));
    third.store.unpinOthers();
    expect(readdirSync(directory)).toHaveLength(1);
    expect(readdirSync(directory)).not.toEqual(own);
  });

  test('has what translates once it is asked for, or from the start where the maps have real servers of NAT', async () => {
    const directory = join(bpffs.path, 'programs');
    /** Id of the program that `xlb` goes on to. */
    const next = () => {
      using map = BpfMap.openPinned<number, number>(join(directory, readdirSync(directory)[0]!, 'next_program'));
      return map.get(0);
    };
    const first = await open();
    expect(next()).toBeUndefined();
    first.programs.translate();
    const id = next();
    expect(id).toBeGreaterThan(0);
    first.programs.translate();
    first[Symbol.dispose]();
    const second = await open();
    expect([second.store.werePinned, next()]).toEqual([true, id]);
    // Of the address from which the frames of the self-test come.
    second.maps.vip_filter.set(VipFilterLimit.REPLY_FILTER, 1n);
    second[Symbol.dispose]();

    // As for another version, which has to load its own.
    rmSync(directory, { recursive: true });
    using third = await open();
    expect(third.store.werePinned).toBe(false);
    expect(next()).toBeGreaterThan(id!);
  });

  test('has what translates from the start where it will be needed', async () => {
    (await open(SMALL, true))[Symbol.dispose]();
    const directory = join(bpffs.path, 'programs');
    expect(readdirSync(join(directory, readdirSync(directory)[0]!))).toContain('xlb_nat');
  });

  test('loads again what is not pinned any more', async () => {
    (await open())[Symbol.dispose]();
    const directory = join(bpffs.path, 'programs');
    const pin = join(directory, readdirSync(directory)[0]!, 'sweep');
    rmSync(pin);
    using second = await open();
    expect(second.store.werePinned).toBe(false);
    expect(existsSync(pin)).toBe(true);
    expect(second.programs.sweep(0, 1, false, false).alive).toBe(0);
  });

  test('keeps the sizes that are pinned, and says so', async () => {
    (await open())[Symbol.dispose]();
    using second = await open({ ...SMALL, connections: 8192, services: 128 });
    expect(second.sizes).toEqual(SMALL);
    expect(second.warnings).toEqual([
      '--connections 8192 is not used: the pinned data plane has 4096',
      '--services 128 is not used: the pinned data plane has 64',
    ]);
  });

  test('pins in use by another process are refused', async () => {
    using _first = await open();
    const script = `import('${join(import.meta.dirname, '../../src/dataplane/claim.ts')}').then(({ claimDirectory }) =>
      console.log(claimDirectory('${bpffs.path}').heldBy))`;
    const output = execFileSync('node_modules/.bin/tsx', ['-e', script], { encoding: 'utf8' });
    expect(Number(output)).toBe(process.pid);
  });
});

describe('what is pinned and not ours is refused and left alone', () => {
  async function refused(damage: () => void, message: RegExp): Promise<void> {
    (await open())[Symbol.dispose]();
    damage();
    const before = pins();
    await expect(open()).rejects.toThrow(message);
    expect(pins()).toEqual(before);
  }
  const path = (name: string) => join(bpffs.path, 'maps', name);
  const replaceBy = (name: string, valueSize: number, maxEntries: number) => {
    rmSync(path(name));
    const map = BpfMap.create({ name, type: 'array', keySize: 4, valueSize, maxEntries });
    map.pin(path(name));
    map.close();
  };

  test('a map is missing', () => refused(() => rmSync(path('counters')), /maps .*: counters is not there/));

  test('a map of other values', () => refused(() => replaceBy('vip_filter', 4, 1024), /value size is 4, not 8/));

  test('a map of another size', () =>
    refused(() => replaceBy('recount', 64, 5), /sizes of the maps do not fit together/));

  test('another version', () =>
    refused(() => {
      const layout = readdirSync(path('')).find((name) => name.startsWith('layout_')) as string;
      renameSync(path(layout), path('layout_0123'));
    }, /laid out as another version/));

  test('settings of another table', async () => {
    const first = await open();
    first.maps.settings.set(0, { ...(first.maps.settings.get(0) as Settings), bucket_mask: 7 });
    first[Symbol.dispose]();
    await expect(open()).rejects.toThrow(/settings are not those of its connection table/);
  });
});

test('a directory that can be no BPF file system is refused with the reason', async () => {
  const options = { object: OBJECT, sizes: SMALL, translates: false };
  await expect(openDataplane({ ...options, bpffs: '/proc/xlb' })).rejects.toThrow(/directory for pins/);
  await expect(openDataplane({ ...options, bpffs: '/dev/null/xlb' })).rejects.toThrow(/\/dev\/null\/xlb/);
});
