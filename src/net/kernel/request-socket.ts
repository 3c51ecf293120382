/**
 * Questions to the kernel over one netlink socket: matches answers to requests
 * by sequence number and collects the parts of dumps.
 */
import { errorName, NetioError, NetlinkSocket } from 'netio';
import { KernelError } from '../facts.ts';
import { attributeText, readAttributes } from './attributes.ts';
import { NETLINK_ROUTE, NLM_F, NLMSG } from './constants.ts';
import { formatMessage, type Message, parseMessages } from './message.ts';

/** Milliseconds. The kernel answers while it takes the request: longer means that the answer was lost. */
const ANSWER_TIMEOUT = 5000;
const DUMP_ATTEMPTS = 5;
/** Answers arrive while requests are sent and must fit the buffer until the event loop reads them. */
const MAX_IN_FLIGHT = 32;

interface Pending {
  readonly verb: string;
  readonly parts: Message[];
  readonly resolve: (parts: Message[]) => void;
  readonly reject: (error: KernelError) => void;
  readonly timer: NodeJS.Timeout;
}

/** By sequence number. */
type Requests = Map<number, Pending>;

export interface RequestSocket {
  /** Bodies of the answer, none for a bare acknowledgement. `verb` stands in the KernelError that it may reject with. */
  request(verb: string, type: number, flags: number, body: Buffer): Promise<Buffer[]>;
  /** Bodies of every object; asks again where the kernel's lists changed meanwhile. */
  dump(verb: string, type: number, body: Buffer): Promise<Buffer[]>;
  close(): void;
}

/** Throws a KernelError where the kernel gives no socket. */
export function openRequestSocket(): RequestSocket {
  const requests: Requests = new Map();
  const socket = openSocket(requests);
  const slots = makeSlots(MAX_IN_FLIGHT);
  let sequence = 0;

  const exchange = (verb: string, type: number, flags: number, body: Buffer): Promise<Message[]> =>
    new Promise((resolve, reject) => {
      sequence = (sequence % 0xffff_fffe) + 1;
      const mine = sequence;
      const timer = setTimeout(() => {
        take(requests, mine)?.reject(new KernelError(verb, 'ETIMEDOUT'));
      }, ANSWER_TIMEOUT);
      requests.set(mine, { verb, parts: [], resolve, reject, timer });
      try {
        socket.send(formatMessage({ type, flags: flags | NLM_F.REQUEST, sequence: mine, body }));
      } catch (error) {
        take(requests, mine)?.reject(kernelError(verb, error));
      }
    });

  return {
    async request(verb, type, flags, body) {
      const parts = await slots(() => exchange(verb, type, flags, body));
      return parts.map((part) => part.body);
    },
    async dump(verb, type, body) {
      for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
        const parts = await slots(() => exchange(verb, type, NLM_F.DUMP, body));
        if (!parts.some((part) => part.flags & NLM_F.DUMP_INTR)) return parts.map((part) => part.body);
      }
      throw new KernelError(verb, 'EAGAIN');
    },
    close() {
      rejectAll(requests, 'ECANCELED');
      socket.close();
    },
  };
}

function openSocket(requests: Requests): NetlinkSocket {
  try {
    return new NetlinkSocket({
      protocol: NETLINK_ROUTE,
      onData(data) {
        for (const message of parseMessages(data)) receive(requests, message);
      },
      // Whose answers were lost nobody knows.
      onOverrun: () => rejectAll(requests, 'ENOBUFS'),
      onError: (code) => rejectAll(requests, code),
    });
  } catch (error) {
    throw kernelError('open a netlink socket', error);
  }
}

/** What the netlink package throws, in the words of the seam. */
export function kernelError(verb: string, error: unknown): KernelError {
  if (error instanceof NetioError) return new KernelError(verb, error.code);
  throw error;
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

function receive(requests: Requests, message: Message): void {
  const request = requests.get(message.sequence);
  if (request === undefined) return; // the answer to one that timed out
  const ends = message.type === NLMSG.ERROR || message.type === NLMSG.DONE;
  if (!ends) {
    request.parts.push(message);
    if (message.flags & NLM_F.MULTI) return;
  }
  take(requests, message.sequence);
  const result = ends && message.body.length >= 4 ? message.body.readInt32LE(0) : 0;
  if (result < 0) request.reject(new KernelError(request.verb, errorName(result), explanation(message)));
  else request.resolve(request.parts);
}

/** The kernel's words (NLMSGERR_ATTR_MSG), behind the error number and the header of the request. */
function explanation(message: Message): string | undefined {
  if (message.type !== NLMSG.ERROR || !(message.flags & NLM_F.ACK_TLVS)) return undefined;
  return attributeText(readAttributes(message.body.subarray(4 + 16)), 1);
}

function take(requests: Requests, sequence: number): Pending | undefined {
  const request = requests.get(sequence);
  requests.delete(sequence);
  clearTimeout(request?.timer);
  return request;
}

function rejectAll(requests: Requests, code: string): void {
  for (const [sequence, request] of [...requests]) {
    take(requests, sequence);
    request.reject(new KernelError(request.verb, code));
  }
}
