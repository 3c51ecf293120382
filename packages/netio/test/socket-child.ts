/**
 * A process inside a namespace: opens a raw socket, says "ready", prints what it receives, and sends
 * what its standard input says, one `HEX DESTINATION` or `frame HEX` a line. Ends with its input.
 */
import { createInterface } from 'node:readline';
import { type NetioError, PacketSocket, RawSocket, type RawSocketOptions } from '../src/index.ts';

const options = JSON.parse(process.argv[2]!) as Omit<RawSocketOptions, 'onDatagram' | 'onError'>;
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

const raw = new RawSocket({
  ...options,
  onDatagram: ({ data, ...rest }) => say({ ...rest, data: data.toString('hex') }),
  onError: (error) => say({ error }),
});
const packet = new PacketSocket(options.device);
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
