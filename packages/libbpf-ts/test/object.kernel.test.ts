import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BpfMap } from '../src/map.ts';
import { BpfObject } from '../src/object.ts';
import { childJson } from './child.ts';
import { compile } from './compile.ts';
import { type Bpffs, mountBpffs } from './host.ts';
import { thrown } from './layouts.ts';

let bpffs: Bpffs;
beforeAll(() => {
  bpffs = mountBpffs();
});
afterAll(() => bpffs[Symbol.dispose]());

describe('opening', () => {
  it('agrees with libbpf on every map', () => {
    for (const name of ['types', 'maps', 'xdp', 'layout_a']) {
      using object = BpfObject.open(compile(name));
      for (const map of object.mapNames) {
        const { type, keySize, valueSize, maxEntries, flags } = object.mapSpec(map);
        expect(object.spec.maps.get(map)).toMatchObject({ type, keySize, valueSize, flags });
        // libbpf rounds what only it knows of, such as the ring's size.
        if (type !== 'ringbuf') expect(object.spec.maps.get(map)?.maxEntries).toBe(maxEntries);
      }
    }
  });

  it('names its programs', () => {
    using object = BpfObject.open(compile('maps'));
    expect(object.programs).toContainEqual({ name: 'send', section: 'syscall', type: 'syscall', autoload: true });
  });

  it('says which file is not there', () => {
    const error = thrown(() => BpfObject.open('/nowhere/x.bpf.o'));
    expect(error).toMatchObject({ code: 'ENOENT', errno: 2, syscall: 'open' });
    expect(error.message).toContain('nothing is at /nowhere/x.bpf.o');
  });

  it('refuses names that the object does not have', () => {
    const path = compile('xdp');
    const rows: [Parameters<typeof BpfObject.open>[1], string][] = [
      [{ maps: { run: {} } }, "has no map 'run'; it has runs, .rodata"],
      [{ programs: { pass: {} } }, "has no program 'pass'; it has configured, drop, mark, count_runs, whoami"],
      [{ rodata: { verdicts: 1 } }, "has no const volatile variable 'verdicts'; it has verdict"],
      [{ rodata: { verdict: -1 } }, 'variable verdict: -1 is not an integer'],
      [{ maps: { runs: { maxEntries: 0 } } }, 'map runs: maxEntries must be an integer from 1'],
      [{ maps: { runs: { reuseFd: 9999 } } }, 'it is not open'],
      [{ maps: { runs: { reuseFd: 0 } } }, 'is not a map but'],
    ];
    for (const [options, message] of rows) {
      expect(thrown(() => BpfObject.open(path, options)).message).toContain(message);
    }
  });
});

describe('loading in another thread', () => {
  it('leaves this one free, and gives the same', async () => {
    using object = BpfObject.open(compile('xdp'));
    const loading = object.loadAsync();
    expect(thrown(() => object.program('drop')).message).toContain('it is being loaded');
    expect(thrown(() => object.load()).message).toContain('it is being loaded');
    await loading;
    expect(object.program('drop').testRun({ dataIn: Buffer.alloc(64) }).retval).toBe(1);
  });

  it('rejects with what the verifier says', async () => {
    using object = BpfObject.open(compile('refused'));
    await expect(object.loadAsync()).rejects.toMatchObject({ code: 'VERIFIER' });
  });

  it('is closed when it is over', async () => {
    const object = BpfObject.open(compile('xdp'));
    const loading = object.loadAsync();
    object.close();
    await expect(loading).rejects.toMatchObject({ code: 'CLOSED' });
    object.close();
  });

  it('opens the same file again over maps that are there', async () => {
    using first = BpfObject.open(compile('xdp'), { programs: { count_runs: { autoload: false } } });
    await first.loadAsync();
    const runs = first.map('runs');
    using second = first.again({ maps: { runs: { reuseFd: runs.fd, maxEntries: runs.info().maxEntries } } });
    await second.loadAsync();
    expect(second.map('runs').info().id).toBe(runs.info().id);
    expect(second.program('count_runs').name).toBe('count_runs');
  });
});

describe('loading', () => {
  it('resizes maps and sets constants first', () => {
    using object = BpfObject.open(compile('types'), {
      maps: { scalars: { maxEntries: 1000 } },
      rodata: { limit: 9, secret: [7n, 8n], pair: { a: 5, b: 6 }, enabled: true },
    });
    expect(object.mapSpec('scalars').maxEntries).toBe(1000);
    object.load();
    expect(object.map('scalars').info()).toMatchObject({ maxEntries: 1000, type: 'hash' });
    expect(object.map('.rodata').get(0)).toEqual({ limit: 9, secret: [7n, 8n], pair: { a: 5, b: 6 }, enabled: true });
    object.program('use_all').testRun({ dataIn: Buffer.alloc(64) });
    expect(object.map('.data').get(0)).toEqual({ counter: 49 });
    expect(object.map('.bss').get(0)).toEqual({ zeroed: 14n });
  });

  it('carries the reasons of the verifier', () => {
    using object = BpfObject.open(compile('refused'));
    const error = thrown(() => object.load());
    expect(error).toMatchObject({ code: 'VERIFIER', errno: 13, syscall: 'bpf(BPF_PROG_LOAD)' });
    expect(error.message).toContain('the verifier refused program careless at "return data[100] == 1');
    expect(error.message).toContain('invalid access to packet, off=100 size=1');
    expect(error.log).toMatch(/invalid access to packet/);
    expect(error.log).not.toMatch(/processed \d+ insns/);
    expect(thrown(() => object.load()).message).toContain('its load failed');
  });

  it('is not disturbed by signals', async () => {
    expect(await childJson<number>('signals', [compile('patient')])).toBeGreaterThan(0);
  });

  it('leaves out what is not wanted', () => {
    using object = BpfObject.open(compile('refused'), { programs: { careless: { autoload: false } } });
    object.load();
    expect(thrown(() => object.program('careless')).message).toContain('was not loaded');
    using maps = BpfObject.open(compile('maps'), { maps: { hash: { autocreate: false } } });
    maps.load();
    expect(thrown(() => maps.map('hash')).message).toContain('was not loaded');
  });

  it('says which map cannot be made', () => {
    using object = BpfObject.open(compile('xdp'), { maps: { runs: { maxEntries: 0xffff_ffff } } });
    const error = thrown(() => object.load());
    expect(error.code).toMatch(/^(E2BIG|ENOMEM)$/);
    expect(error.message).toContain('(map runs)');
  });

  it('happens once, and before use', () => {
    using object = BpfObject.open(compile('xdp'));
    expect(thrown(() => object.map('runs')).message).toContain('it is not loaded yet');
    expect(thrown(() => object.program('drop')).code).toBe('ARGUMENT');
    object.load();
    expect(thrown(() => object.load()).message).toContain('it is loaded already');
    expect(object.map('runs')).toBe(object.map('runs'));
  });

  it('owns what it hands out', () => {
    const object = BpfObject.open(compile('xdp'));
    object.load();
    const map = object.map('runs');
    const program = object.program('drop');
    object.close();
    object.close();
    expect(thrown(() => map.get(0)).code).toBe('CLOSED');
    expect(thrown(() => program.testRun()).code).toBe('CLOSED');
    for (const use of [
      () => object.load(),
      () => object.map('runs'),
      () => object.programs,
      () => object.program('x'),
    ]) {
      expect(thrown(use).code).toBe('CLOSED');
    }
  });
});

describe('maps that are there already', () => {
  it('are made and pinned once, then reused', () => {
    const pinPath = bpffs.path('reused');
    {
      using first = BpfObject.open(compile('layout_a'), { maps: { table: { pinPath } } });
      first.load();
      first.map<number, object>('table').set(1, { first: 10, second: 20 });
    }
    expect(existsSync(pinPath)).toBe(true);
    using second = BpfObject.open(compile('layout_a'), { maps: { table: { pinPath } } });
    second.load();
    expect(second.map('table').get(1)).toEqual({ first: 10, second: 20 });
  });

  it('are refused if fields changed places, though the sizes are the same', () => {
    const pinPath = bpffs.path('layout');
    using first = BpfObject.open(compile('layout_a'), { maps: { table: { pinPath } } });
    first.load();
    const error = thrown(() => BpfObject.open(compile('layout_b'), { maps: { table: { pinPath } } }));
    expect(error.code).toBe('LAYOUT');
    expect(error.message).toContain('value.second stands where value.first was');
  });

  it('are refused if they have another size', () => {
    const pinPath = bpffs.path('size');
    using first = BpfObject.open(compile('layout_a'), { maps: { table: { pinPath } } });
    first.load();
    const options = { maps: { table: { pinPath, maxEntries: 9 } } };
    expect(thrown(() => BpfObject.open(compile('layout_a'), options)).message).toContain(
      'its number of entries is 8, not 9',
    );
  });

  it('can be handed over by descriptor', () => {
    using first = BpfObject.open(compile('layout_a'));
    first.load();
    const table = first.map<number, object>('table');
    table.set(7, { first: 1, second: 2 });
    using second = BpfObject.open(compile('layout_a'), { maps: { table: { reuseFd: table.fd } } });
    second.load();
    expect(second.map('table').get(7)).toEqual({ first: 1, second: 2 });
    expect(second.map('table').info().id).toBe(table.info().id);
  });

  it('can be a device map, whose flags the kernel changes', () => {
    const pinPath = bpffs.path('devmap');
    for (let i = 0; i < 2; i++) {
      using object = BpfObject.open(compile('maps'), { maps: { devmap: { pinPath } } });
      object.load();
    }
    using object = BpfObject.open(compile('maps'));
    BpfMap.openPinned(pinPath, { spec: object.mapSpec('devmap') }).close();
  });
});
