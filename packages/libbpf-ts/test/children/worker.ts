// Workers that end in every state: with open objects, maps in memory, rings that wait. Run by
// worker.kernel.test.ts in a process of its own, because a fault would end it. Argument: the object.

import { setTimeout } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { BpfMap, BpfObject, ringBuffer } from '../../src/index.ts';

const path = isMainThread ? (process.argv[2] ?? '') : (workerData as { path: string }).path;

if (isMainThread) {
  let finished = 0;
  for (const end of ['return', 'terminate', 'exit', 'throw']) {
    for (let i = 0; i < 3; i++) finished += await runWorker(end);
  }
  // This environment ends with everything open, too.
  openEverything();
  console.log(JSON.stringify({ finished }));
  setTimeout(50).then(() => process.exit(0));
} else {
  openEverything();
  parentPort?.postMessage('open');
  const { end } = workerData as { end: string };
  if (end === 'exit') process.exit(0);
  if (end === 'throw') throw new Error('wanted');
  if (end === 'return') process.exitCode = 0;
}

async function runWorker(end: string): Promise<number> {
  // Node 20 does not hand the TypeScript loader down to workers.
  const start = `import('tsx/esm/api').then(({ register }) => register() && import(${JSON.stringify(import.meta.url)}));`;
  const worker = new Worker(start, { eval: true, workerData: { path, end } });
  worker.on('error', (error) => {
    if (error.message !== 'wanted') console.error(error);
  });
  await new Promise((resolve) => worker.once('message', resolve));
  // A worker that only returns would wait for its ring for ever.
  if (end !== 'exit') await setTimeout(20).then(() => worker.terminate());
  return 1;
}

function openEverything(): void {
  const object = BpfObject.open(path);
  object.load();
  const memory = object.map('shared').mmap();
  memory[0] = 1;
  void BpfMap.create({ name: 'x', type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4 });
  void ringBuffer(object.map('events')).next();
  ringBuffer(object.map('events')).close();
}
