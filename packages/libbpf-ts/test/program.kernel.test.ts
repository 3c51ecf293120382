import { cpus } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { XDP_ACTIONS } from '../src/constants.ts';
import { BpfObject } from '../src/object.ts';
import { BpfProgram } from '../src/program.ts';
import { xdpContext } from '../src/test-run.ts';
import { compile } from './compile.ts';
import { type Bpffs, mountBpffs } from './host.ts';
import { thrown } from './layouts.ts';

let xdp: BpfObject;
let maps: BpfObject;
let bpffs: Bpffs;
beforeAll(() => {
  bpffs = mountBpffs();
  xdp = BpfObject.open(compile('xdp'));
  xdp.load();
  maps = BpfObject.open(compile('maps'));
  maps.load();
});
afterAll(() => {
  xdp.close();
  maps.close();
  bpffs[Symbol.dispose]();
});

describe('a test run', () => {
  it('gives the verdict and the packet', () => {
    const dataIn = Buffer.alloc(64, 0x11);
    const { retval, dataOut, duration, ctxOut } = xdp.program('mark').testRun({ dataIn });
    expect(retval).toBe(XDP_ACTIONS.tx);
    expect(dataOut.toString('hex')).toBe(`00eeeeee${'11'.repeat(64)}`);
    expect(duration).toBeGreaterThanOrEqual(0);
    expect(ctxOut).toBeUndefined();
    expect(dataIn.every((byte) => byte === 0x11)).toBe(true);
  });

  it('takes a context, and gives it back', () => {
    const dataIn = Buffer.alloc(64, 0x11);
    const ctxIn = xdpContext({ dataLength: 64, ingressIfindex: 1, rxQueueIndex: 0 });
    const { retval, ctxOut } = xdp.program('configured').testRun({ dataIn, ctxIn });
    expect(retval).toBe(XDP_ACTIONS.pass);
    expect(ctxOut).toEqual(ctxIn);
  });

  it('carries metadata before the packet', () => {
    const dataIn = Buffer.concat([Buffer.from('abcd'), Buffer.alloc(60)]);
    const ctxIn = xdpContext({ dataLength: 64, metaLength: 4 });
    const { dataOut } = xdp.program('configured').testRun({ dataIn, ctxIn });
    expect(dataOut.toString('latin1', 0, 4)).toBe('abcd');
  });

  it('repeats, and the changes add up', () => {
    const { dataOut } = xdp.program('mark').testRun({ dataIn: Buffer.alloc(64), repeat: 3 });
    expect(dataOut.length).toBe(64 + 3 * 4);
    const runs = xdp.map<number, bigint>('runs');
    runs.set(0, 0n);
    xdp.program('count_runs').testRun({ dataIn: Buffer.alloc(64), repeat: 1000 });
    expect(runs.get(0)).toBe(1000n);
  });

  it('sends live frames', () => {
    const runs = xdp.map<number, bigint>('runs');
    runs.set(0, 0n);
    const options = { dataIn: Buffer.alloc(64), repeat: 100, liveFrames: true, batchSize: 16 };
    const { dataOut } = xdp.program('count_runs').testRun(options);
    expect(dataOut.length).toBe(0);
    expect(runs.get(0)).toBe(100n);
  });

  it('says what is wrong with its input', () => {
    const program = xdp.program('mark');
    expect(thrown(() => program.testRun({ dataIn: Buffer.alloc(64), dataOutSize: 10 })).message).toContain(
      'the output is larger than dataOutSize',
    );
    expect(thrown(() => program.testRun({ dataIn: Buffer.alloc(5) }))).toMatchObject({ code: 'EINVAL' });
    expect(thrown(() => program.testRun({ dataIn: Buffer.alloc(64), cpu: 0 })).code).toBe('EINVAL');
    const bad = [{ repeat: 0 }, { repeat: 1.5 }, { batchSize: 257 }, { cpu: -1 }, { dataOutSize: -1 }];
    for (const options of bad) expect(thrown(() => program.testRun(options)).code).toBe('ARGUMENT');
    expect(thrown(() => program.testRun({ dataIn: 'text' as unknown as Buffer })).code).toBe('ARGUMENT');
  });
});

it('a syscall program gets its argument and answers in it', () => {
  const ctxIn = Buffer.alloc(8);
  ctxIn.writeUInt32LE(3, 0);
  const { retval, ctxOut } = maps.program('send').testRun({ ctxIn });
  expect(retval).toBe(3);
  expect(ctxOut?.readUInt32LE(4)).toBe(3);
  expect(ctxIn.readUInt32LE(4)).toBe(0);
});

it('a raw tracepoint program runs on the CPU that is asked for', () => {
  const program = maps.program('which_cpu');
  for (let cpu = 0; cpu < cpus().length; cpu++) expect(program.testRun({ cpu }).retval).toBe(cpu);
  const { retval, dataOut } = program.testRun({ ctxIn: Buffer.alloc(16), cpu: 0 });
  expect([retval, dataOut.length]).toEqual([0, 0]);
  expect(thrown(() => program.testRun({ cpu: 60_000 }))).toMatchObject({
    code: 'ENXIO',
    message: expect.stringContaining('no such CPU'),
  });
});

it('a program knows itself', () => {
  const info = xdp.program('count_runs').info();
  expect(info).toMatchObject({ name: 'count_runs', type: 'xdp', runCount: 0n });
  expect(info.tag).toMatch(/^[0-9a-f]{16}$/);
  expect(info.mapIds).toContain(xdp.map('runs').info().id);
  expect(xdp.program('count_runs').mapIds()).toEqual(info.mapIds);
  expect(info.instructions).toBeGreaterThan(0);
});

it('a pinned program runs again', () => {
  const path = bpffs.path('drop');
  xdp.program('drop').pin(path);
  using program = BpfProgram.openPinned(path);
  expect(program.type).toBe('xdp');
  expect(program.testRun({ dataIn: Buffer.alloc(64) }).retval).toBe(XDP_ACTIONS.drop);
  program.unpin();
  expect(thrown(() => BpfProgram.openPinned(path))).toMatchObject({ code: 'ENOENT' });
  expect(thrown(() => program.unpin()).code).toBe('ARGUMENT');
});

it('a program opens by id, for root', () => {
  using program = BpfProgram.fromId(xdp.program('drop').info().id);
  expect(program.name).toBe('drop');
  expect(thrown(() => BpfProgram.fromId(0xffff_fff0)).message).toContain('there is none with this id');
});

it('a program is closed once', () => {
  const program = BpfProgram.fromId(xdp.program('drop').info().id);
  program.close();
  program.close();
  for (const use of [
    () => program.fd,
    () => program.info(),
    () => program.testRun(),
    () => program.pin('/x'),
    () => program.unpin(),
  ]) {
    expect(thrown(use)).toMatchObject({ code: 'CLOSED', message: 'program drop is closed' });
  }
});
