// Loads an object (argument 1) while signals come one after another; prints how many came.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfObject } from '../../src/object.ts';

let came = 0;
process.on('SIGUSR2', () => {
  came++;
});
const storm = spawn('sh', ['-c', `while kill -USR2 ${process.pid}; do :; done`], { stdio: 'ignore' });
try {
  while (came === 0) await sleep(1);
  using object = BpfObject.open(process.argv[2] as string);
  object.load();
} finally {
  storm.kill();
}
console.log(JSON.stringify(came));
