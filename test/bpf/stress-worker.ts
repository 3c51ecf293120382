/**
 * One CPU of a stress test. Descriptor 3 is the program to run. Every line of
 * input is a packet in hexadecimal digits and how often to send it; the answer
 * is a line with the last verdict.
 */
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { BpfProgram } from 'libbpf-ts';

setPriority(-10);
const program = new BpfProgram(3, 'the lockstep program');
for await (const line of createInterface(process.stdin)) {
  const [packet = '', repeat = '1'] = line.split(' ');
  console.log(program.testRun({ dataIn: Buffer.from(packet, 'hex'), repeat: Number(repeat) }).retval);
}
