/** Whole Ethernet frames, out of one interface and, where that is asked for, in. */
import { constants, endianness } from 'node:os';
import { check, errorName, NetioError } from './error.ts';
import { addon, type NativePacketSocket } from './native.ts';
import { requireDevice } from './raw-socket.ts';

/** One of a classic BPF program (linux/filter.h): code, jump where true, jump where false, operand. */
export type FilterInstruction = readonly [code: number, jt: number, jf: number, k: number];

export interface FrameListener {
  /** Decides in the kernel which frames are handed over, from the destination's MAC on. 1 to 4096 instructions. */
  readonly filter: readonly FilterInstruction[];
  /** `outgoing`: this machine sends it, whichever process or device above this one. */
  readonly onFrame: (frame: Buffer, outgoing: boolean) => void;
  /** Receiving fails (an errno name, like ENETDOWN where the interface goes down). The socket goes on. */
  readonly onError: (code: string) => void;
}

/** Bytes of an Ethernet header. */
const SHORTEST = 14;
/** BPF_MAXINSNS */
const LONGEST_FILTER = 4096;
/** Frames handed over before other events get their turn. */
const FRAMES_AT_ONCE = 64;

/**
 * Opened by the constructor, which throws a NetioError where the kernel refuses (CAP_NET_RAW is needed).
 * One that listens keeps the process alive until it is closed.
 */
export class PacketSocket implements Disposable {
  readonly #native: NativePacketSocket;
  readonly #device: string;
  readonly #listener: FrameListener | undefined;
  #closed = false;

  /** `device`: name of the interface. Without a `listener` nothing is received. */
  constructor(device: string, listener?: FrameListener) {
    requireDevice(device);
    const filter = listener && filterBytes(listener.filter);
    this.#device = device;
    this.#listener = listener;
    this.#native = new (addon().PacketSocket)();
    check(this.#native.open(device), `open a packet socket on ${device}`);
    if (filter === undefined) return;
    try {
      check(
        this.#native.listen(filter, () => this.#receive()),
        `listen to frames of ${device}`,
      );
      check(this.#native.arm(), 'watch a packet socket');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** From the destination's MAC on, without the frame check sequence. Throws where it is not taken, like ENETDOWN. */
  send(frame: Uint8Array): void {
    if (!(frame instanceof Uint8Array)) throw new NetioError('the frame is no Uint8Array', 'ARGUMENT');
    if (frame.length < SHORTEST) throw new NetioError(`${frame.length} bytes are no Ethernet frame`, 'ARGUMENT');
    if (this.#closed) throw new NetioError('the packet socket is closed', 'CLOSED');
    check(this.#native.send(frame), `send a frame on ${this.#device}`);
  }

  /** Nothing is called back any more. Twice is safe. */
  close(): void {
    this.#closed = true;
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #receive(): void {
    for (let i = 0; i < FRAMES_AT_ONCE && !this.#closed; i++) {
      const received = this.#native.receive();
      if (typeof received !== 'number') this.#listener?.onFrame(...received);
      else if (received === -constants.errno.EAGAIN) break;
      else if (received !== -constants.errno.EINTR) this.#listener?.onError(errorName(received));
    }
    if (this.#closed) return;
    const armed = this.#native.arm();
    if (armed < 0) this.#listener?.onError(errorName(armed));
  }
}

/** As `struct sock_filter` lies in memory: in the byte order of this machine. */
function filterBytes(filter: readonly FilterInstruction[]): Uint8Array {
  if (filter.length === 0 || filter.length > LONGEST_FILTER) {
    throw new NetioError(`a filter has 1 to ${LONGEST_FILTER} instructions, not ${filter.length}`, 'ARGUMENT');
  }
  const little = endianness() === 'LE';
  const view = new DataView(new ArrayBuffer(filter.length * 8));
  for (const [i, [code, jt, jf, k]] of filter.entries()) {
    view.setUint16(i * 8, code, little);
    view.setUint8(i * 8 + 2, jt);
    view.setUint8(i * 8 + 3, jf);
    view.setUint32(i * 8 + 4, k, little);
  }
  return new Uint8Array(view.buffer);
}
