// Drops what it opens without closing it, and counts descriptors before and after the garbage
// collector ran; run by collect.kernel.test.ts. Arguments: the object, veth0's index. Prints JSON.

import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BpfMap, BpfObject, ringBuffer, XdpLink } from '../../src/index.ts';

const TIMES = 10;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const [, , path = '', index = ''] = process.argv;

const object = BpfObject.open(path);
object.load();
const events = object.map('events');
const program = object.program('count');

const makers: Record<string, () => unknown> = {
  object: () => {
    const other = BpfObject.open(path);
    other.load();
    return [other.map('shared').mmap(), other.map('hash').info(), other.program('count').info()];
  },
  map: () => BpfMap.create({ name: 'x', type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4 }),
  ring: () => ringBuffer(events).poll(),
  // A second link would be refused, so each must be gone before the next.
  link: () => XdpLink.attach({ program, ifindex: Number(index), mode: 'native' }),
};

const left: Record<string, number> = {};
for (const [name, make] of Object.entries(makers)) {
  const before = descriptors();
  for (let i = 0; i < TIMES; i++) {
    make();
    if (name === 'link') await collect();
  }
  await collect();
  left[name] = descriptors() - before;
}

// Nothing but the kernel knows of this reader, and it must live.
const waiting = ringBuffer(events).next();
await collect();
const argument = Buffer.alloc(8);
argument.writeUInt32LE(1);
object.program('send').testRun({ ctxIn: argument });
const record = await Promise.race([waiting, setTimeout(2000)]);
console.log(JSON.stringify({ left, waited: record?.value?.length ?? 'lost' }));
process.exit(0);

// Finalizers run after the collection, from the event loop.
async function collect(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    gc();
    await setTimeout(5);
  }
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').filter((fd) => /bpf|eventpoll/.test(target(fd))).length;
}

function target(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
