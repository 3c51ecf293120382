// Loads an object (argument 1) while signals come one after another; prints how many came.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfObject } from '../../src/object.ts';

let came = 0;
process.on('SIGUSR2', () => {
  came++;
});
// One in a millisecond, many for each try of the verifier: with more of them, node would do nothing else.
const STORM = `setInterval(() => process.kill(${process.pid}, 'SIGUSR2'), 1)`;
const storm = spawn(process.execPath, ['-e', STORM], { stdio: 'ignore' });
try {
  while (came === 0) await sleep(1);
  using object = BpfObject.open(process.argv[2] as string);
  object.load();
} finally {
  storm.kill();
}
console.log(JSON.stringify(came));
