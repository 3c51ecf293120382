import { afterEach, beforeEach, expect, it } from 'vitest';
import { BpfObject } from '../src/object.ts';
import { ringBuffer } from '../src/ring-buffer.ts';
import { compile } from './compile.ts';
import { thrown } from './layouts.ts';

let object: BpfObject;
beforeEach(() => {
  object = BpfObject.open(compile('maps'));
  object.load();
});
afterEach(() => object.close());

/** Has the program write records that hold 0, 1, 2 ...; returns how many fitted. */
function send(count: number): number {
  const ctxIn = Buffer.alloc(8);
  ctxIn.writeUInt32LE(count, 0);
  return object.program('send').testRun({ ctxIn }).retval;
}

it('gives records that are there, in order', async () => {
  using ring = ringBuffer(object.map('events'));
  expect(send(5)).toBe(5);
  for (let i = 0; i < 5; i++) expect((await ring.next()).value?.readUInt32LE()).toBe(i);
  expect(ring.poll()).toBeUndefined();
});

it('waits for records that come later', async () => {
  const records: number[] = [];
  for await (const record of ringBuffer(object.map('events'))) {
    records.push(record.readUInt32LE());
    if (records.length === 6) break;
  }
  expect(records).toEqual([0, 1, 2, 0, 1, 2]);
}, 10_000);

// Runs beside the test above, whose loop waits for it.
beforeEach((context) => {
  if (!context.task.name.startsWith('waits')) return;
  setTimeout(() => send(3), 50);
  setTimeout(() => send(3), 100);
});

it('leaves records in the ring until they are asked for, and loses none that fitted', async () => {
  using ring = ringBuffer(object.map('events'));
  const fitted = send(1000);
  expect(fitted).toBeGreaterThan(200);
  expect(fitted).toBeLessThan(300);
  let count = 0;
  while (ring.poll() !== undefined) count++;
  expect(count).toBe(fitted);
  expect(send(10)).toBe(10);
  expect((await ring.next()).done).toBe(false);
});

it('ends a wait when it is closed', async () => {
  const ring = ringBuffer(object.map('events'));
  const waiting = ring.next();
  await expect(ring.next()).rejects.toMatchObject({ code: 'ARGUMENT' });
  ring.close();
  ring.close();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await ring.next()).toEqual({ done: true, value: undefined });
  expect(thrown(() => ring.poll()).code).toBe('CLOSED');
});

it('outlives the object that made its map', async () => {
  const ring = ringBuffer(object.map('events'));
  send(1);
  object.close();
  expect((await ring.next()).done).toBe(false);
  await ring.return();
});

it('reads ring buffers only', () => {
  expect(thrown(() => ringBuffer(object.map('hash'))).message).toContain('is of type hash, not ringbuf');
});
