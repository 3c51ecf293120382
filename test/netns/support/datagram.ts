/** Sends a datagram and prints what its socket learns of it. */
const SEND_AND_LISTEN = `
const [, type, address, port, local = 0] = process.argv;
const socket = require('node:dgram').createSocket(type);
const say = (what) => { console.log(what); process.exit(); };
socket.on('error', ({ code }) => say(code));
socket.bind(Number(local), () => socket.connect(Number(port), address, () => socket.send('?')));
setTimeout(say, 3000, 'nothing');
`;

/** Arguments of node: a datagram to a port of an address; from `local`, where it is given. */
export function sendDatagram(family: 4 | 6, address: string, port: number, local?: number): string[] {
  return ['-e', SEND_AND_LISTEN, `udp${family}`, address, ...[port, local ?? 0].map(String)];
}
