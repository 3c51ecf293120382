/**
 * A process inside a namespace: opens a raw socket, says "ready", prints what it receives, and sends
 * what its standard input says, one `HEX DESTINATION` or `frame HEX` a line. Ends with its input.
 * With `arp` among its options it prints ARP frames, too.
 */
import { createInterface } from 'node:readline';
import {
  type FilterInstruction,
  type NetioError,
  PacketSocket,
  RawSocket,
  type RawSocketOptions,
} from '../src/index.ts';

/** The EtherType is ARP: all of it, else nothing. */
const ARP: readonly FilterInstruction[] = [
  [0x28, 0, 0, 12],
  [0x15, 0, 1, 0x0806],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
];

const { arp, ...options } = JSON.parse(process.argv[2]!) as Omit<RawSocketOptions, 'onDatagram' | 'onError'> & {
  readonly arp?: boolean;
};
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

const raw = new RawSocket({
  ...options,
  onDatagram: ({ data, ...rest }) => say({ ...rest, data: data.toString('hex') }),
  onError: (error) => say({ error }),
});
const packet = new PacketSocket(
  options.device,
  arp === true
    ? {
        filter: ARP,
        onFrame: (frame, outgoing) => say({ frame: frame.toString('hex'), outgoing }),
        onError: (error) => say({ error }),
      }
    : undefined,
);
say('ready');

for await (const line of createInterface({ input: process.stdin })) {
  const [first = '', second = ''] = line.split(' ');
  try {
    if (first === 'frame') packet.send(Buffer.from(second, 'hex'));
    else raw.send(Buffer.from(first, 'hex'), second);
  } catch (error) {
    say({ error: (error as NetioError).code });
  }
}
raw.close();
packet.close();
