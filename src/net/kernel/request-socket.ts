/**
 * Questions to the kernel over one netlink socket: matches answers to requests
 * by sequence number and collects the parts of dumps.
 */
import { getSystemErrorName } from 'node:util';
import { formatMessage, type NetlinkMessage, Protocol, parseMessages, RawNetlinkSocket } from 'netlink';
import { KernelError } from '../facts.ts';
import { NLM_F, NLMSG } from './constants.ts';

/** Milliseconds. The kernel answers while it takes the request: longer means that the answer was lost. */
const ANSWER_TIMEOUT = 5000;
/** Bytes. The kernel gives no more than net.core.rmem_max. */
const BUFFER_SIZE = 4 * 1024 * 1024;
const DUMP_ATTEMPTS = 5;
/** Answers arrive while requests are sent and must fit the buffer until the event loop reads them. */
const MAX_IN_FLIGHT = 32;

interface Pending {
  readonly verb: string;
  readonly parts: NetlinkMessage[];
  readonly resolve: (parts: NetlinkMessage[]) => void;
  readonly reject: (error: KernelError) => void;
  readonly timer: NodeJS.Timeout;
}

export interface RequestSocket {
  /** Bodies of the answer, none for a bare acknowledgement. `verb` stands in the KernelError that it may reject with. */
  request(verb: string, type: number, flags: number, body: Buffer): Promise<Buffer[]>;
  /** Bodies of every object; asks again where the kernel's lists changed meanwhile. */
  dump(verb: string, type: number, body: Buffer): Promise<Buffer[]>;
  close(): void;
}

export function openRequestSocket(): RequestSocket {
  const socket = openSocket();
  const port = socket.address().port;
  const pending = new Map<number, Pending>();
  const slots = makeSlots(MAX_IN_FLIGHT);
  let sequence = 0;

  socket.on('message', (data) => {
    for (const message of parseMessages(data)) receive(pending, message);
  });
  socket.on('error', (error) => failAll(pending, error.code));

  const exchange = (verb: string, type: number, flags: number, body: Buffer): Promise<NetlinkMessage[]> =>
    new Promise((resolve, reject) => {
      sequence = (sequence % 0xffff_fffe) + 1;
      const seq = sequence;
      const timer = setTimeout(() => settle(pending, seq)?.reject(new KernelError(verb, 'ETIMEDOUT')), ANSWER_TIMEOUT);
      pending.set(seq, { verb, parts: [], resolve, reject, timer });
      socket.send(formatMessage({ type, flags: flags | NLM_F.REQUEST, seq, port, data: body }), undefined, (error) => {
        if (error) settle(pending, seq)?.reject(new KernelError(verb, error.code));
      });
    });

  return {
    async request(verb, type, flags, body) {
      const parts = await slots(() => exchange(verb, type, flags, body));
      return parts.map((part) => part.data);
    },
    async dump(verb, type, body) {
      for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
        const parts = await slots(() => exchange(verb, type, NLM_F.DUMP, body));
        if (!parts.some((part) => part.flags & NLM_F.DUMP_INTR)) return parts.map((part) => part.data);
      }
      throw new KernelError(verb, 'EAGAIN');
    },
    close() {
      failAll(pending, 'ECANCELED');
      socket.close();
    },
  };
}

/** Runs at most `limit` tasks at a time, in the order in which they came. */
function makeSlots(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running === limit) await new Promise<void>((resolve) => queue.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = queue.shift();
      if (next === undefined) running--;
      else next(); // the slot changes hands
    }
  };
}

/** A netlink socket with large buffers; every user must listen to its `error` event. */
export function openSocket(): RawNetlinkSocket {
  return new RawNetlinkSocket(Protocol.ROUTE, { recvBufferSize: BUFFER_SIZE, sendBufferSize: BUFFER_SIZE });
}

function receive(pending: Map<number, Pending>, message: NetlinkMessage): void {
  const request = pending.get(message.seq);
  if (request === undefined) return; // the answer to one that timed out
  const ends = message.type === NLMSG.ERROR || message.type === NLMSG.DONE;
  if (!ends) {
    request.parts.push(message);
    if (message.flags & NLM_F.MULTI) return;
  }
  settle(pending, message.seq);
  const errno = ends && message.data.length >= 4 ? message.data.readInt32LE(0) : 0;
  if (errno < 0) request.reject(new KernelError(request.verb, errorName(errno)));
  else request.resolve(request.parts);
}

function settle(pending: Map<number, Pending>, sequence: number): Pending | undefined {
  const request = pending.get(sequence);
  pending.delete(sequence);
  clearTimeout(request?.timer);
  return request;
}

function failAll(pending: Map<number, Pending>, code: string): void {
  for (const [sequence, request] of [...pending]) {
    settle(pending, sequence);
    request.reject(new KernelError(request.verb, code));
  }
}

function errorName(errno: number): string {
  try {
    return getSystemErrorName(errno);
  } catch {
    return `error ${-errno}`;
  }
}
