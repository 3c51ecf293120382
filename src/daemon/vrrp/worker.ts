/** The VRRP thread: nothing that the main thread does delays an advertisement. */
import { parentPort, workerData } from 'node:worker_threads';
import { startVrrp, type VrrpDirector } from './director.ts';
import type { News, Order } from './protocol.ts';
import { runScript } from './run-script.ts';

export interface WorkerData {
  readonly runDir: string;
}

const port = parentPort;
if (port === null) throw new Error('the VRRP thread was started as a program');
const send = (news: News) => port.postMessage(news);

const director = startVrrp({
  runDir: (workerData as WorkerData).runDir,
  log: (level, fields, message) => send({ type: 'log', level, fields, message }),
  notify: (notice) => send({ type: 'notice', notice }),
  runScript,
});

/** Orders wait for the start, and keep their order. */
let last: Promise<void> = director.then(() => {});
port.on('message', (order: Order) => {
  last = last.then(async () => carryOut(await director, order));
});

async function carryOut(vrrp: VrrpDirector, order: Order): Promise<void> {
  switch (order.type) {
    case 'configure':
      vrrp.configure(order.settings, order.statuses);
      return send({ type: 'configured' });
    case 'track':
      return vrrp.track(order.news);
    case 'report':
      return send({ type: 'report', id: order.id, instances: vrrp.report() });
    case 'stop':
      await vrrp.stop();
      send({ type: 'stopped' });
      port?.close();
  }
}
