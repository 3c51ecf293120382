/**
 * Run before a program is attached: packets that are nobody's must pass
 * untouched. A program that fails here would take the host off the network.
 */
import type { BpfProgram } from 'libbpf-ts';
import { DataplaneError } from './error.ts';

const XDP_PASS = 2;

/** A frame whose destination is no VIP: the address is all zeros, which no service may have. */
function frame(etherType: number, header: readonly number[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set([0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, etherType >> 8, etherType & 0xff, ...header]);
  return bytes;
}

const FRAMES: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['an ARP request', frame(0x0806, [0, 1, 8, 0, 6, 4, 0, 1], 60)],
  ['an IPv4 TCP segment', frame(0x0800, [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6], 60)],
  ['an IPv6 UDP datagram', frame(0x86dd, [0x60, 0, 0, 0, 0, 8, 17, 64], 62)],
  ['an ICMP echo request', frame(0x0800, [0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 1, 0, 0, ...Array(8).fill(0), 8], 60)],
  ['a neighbour advertisement', frame(0x86dd, [0x60, 0, 0, 0, 0, 24, 58, 255, ...Array(32).fill(0), 136], 78)],
  ['a truncated IPv4 header', frame(0x0800, [0x45, 0], 16)],
  ['a tagged frame', frame(0x8100, [0, 7, 0x08, 0, 0x45, 0, 0, 40], 64)],
];

/** Throws where a frame does not pass, or does not pass unchanged. */
export function selfTest(program: BpfProgram): void {
  for (const [name, bytes] of FRAMES) {
    const { retval, dataOut } = program.testRun({ dataIn: bytes });
    if (retval === XDP_PASS && Buffer.compare(dataOut, bytes) === 0) continue;
    const found = retval === XDP_PASS ? 'changed it' : `answered ${retval}`;
    throw new DataplaneError(
      'object',
      `self-test of ${program.name}: ${name} must pass untouched, the program ${found}`,
    );
  }
}
