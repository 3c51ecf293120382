import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { NetioError, NetlinkSocket, type NetlinkSocketOptions } from '../src/index.ts';

const NLM_F_DUMP = 0x300;
const RTM_GETLINK = 18;
const DONE = 3;
const ERROR = 2;

function request(type: number, flags: number, sequence: number): Buffer {
  const message = Buffer.alloc(32);
  message.writeUInt32LE(32, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(flags | 1, 6);
  message.writeUInt32LE(sequence, 8);
  return message;
}

/** Types of the messages in a datagram. */
function types(data: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 16 <= data.length; at += (data.readUInt32LE(at) + 3) & ~3)
    found.push(data.readUInt16LE(at + 4));
  return found;
}

function open(options: Partial<NetlinkSocketOptions> = {}) {
  const received: number[] = [];
  const events: string[] = [];
  const socket = new NetlinkSocket({
    protocol: 0,
    onData: (data) => received.push(...types(data)),
    onOverrun: () => events.push('overrun'),
    onError: (code) => events.push(code),
    ...options,
  });
  return { socket, received, events };
}

async function until(check: () => boolean): Promise<void> {
  await expect.poll(check, { timeout: 5000, interval: 5 }).toBe(true);
}

function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof NetioError) return error.code;
    throw error;
  }
  return 'none';
}

describe('NetlinkSocket', () => {
  it('carries a question and its answer', async () => {
    const { socket, received } = open();
    socket.send(request(RTM_GETLINK, NLM_F_DUMP, 1));
    await until(() => received.includes(DONE));
    expect(received.filter((type) => type === 16).length).toBeGreaterThan(0);
    socket.close();
  });

  it('carries an error of the kernel', async () => {
    const { socket, received } = open();
    socket.send(request(9999, 0, 1));
    await until(() => received.includes(ERROR));
    socket.close();
  });

  it('reports an overrun and goes on', async () => {
    const { socket, received, events } = open({ receiveBuffer: 4096 });
    // Answers arrive while requests are sent: nobody reads them in this turn.
    for (let i = 0; i < 500; i++) socket.send(request(9999, 0, i));
    await until(() => events.includes('overrun'));
    received.length = 0;
    socket.send(request(RTM_GETLINK, NLM_F_DUMP, 1000));
    await until(() => received.includes(DONE));
    expect(new Set(events)).toEqual(new Set(['overrun']));
    socket.close();
  });

  it('lets other events in between', async () => {
    const { socket, received } = open();
    for (let i = 0; i < 300; i++) socket.send(request(9999, 0, i));
    await new Promise((done) => setImmediate(done));
    const first = received.length;
    await until(() => received.length === 300);
    expect(first).toBeLessThan(300);
    socket.close();
  });

  it('calls nobody back once it is closed, and closes twice', async () => {
    const { socket, received } = open({
      onData: (data) => {
        received.push(...types(data));
        socket.close();
      },
    });
    for (let i = 0; i < 10; i++) socket.send(request(9999, 0, i));
    await new Promise((done) => setTimeout(done, 50));
    expect(received).toHaveLength(1);
    socket.close();
    expect(code(() => socket.send(request(9999, 0, 1)))).toBe('CLOSED');
  });

  it('refuses what cannot be', () => {
    expect(code(() => open({ protocol: -1 }))).toBe('ARGUMENT');
    expect(code(() => open({ protocol: 0.5 }))).toBe('ARGUMENT');
    expect(code(() => open({ protocol: 31 }))).toBe('EPROTONOSUPPORT');
    expect(code(() => open({ groups: [100_000] }))).toBe('EINVAL');
    const { socket } = open();
    expect(code(() => socket.send('text' as unknown as Uint8Array))).toBe('ARGUMENT');
    expect(code(() => socket.send(Buffer.alloc(100_000_000)))).toBe('EMSGSIZE');
    socket.close();
  });

  it('survives the end of a worker that never closes it', async () => {
    const module = new URL('../build/Release/netio_addon.node', import.meta.url).pathname;
    const source = `
      const { NetlinkSocket } = require(${JSON.stringify(module)});
      const socket = new NetlinkSocket();
      socket.open(0, 65536, () => {});
      socket.arm();
      require('node:worker_threads').parentPort.postMessage('open');`;
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(source, { eval: true });
      await new Promise((done) => worker.once('message', done));
      await worker.terminate();
    }
  });
});
