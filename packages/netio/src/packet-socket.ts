/** Whole Ethernet frames, out of one interface. */
import { check, NetioError } from './error.ts';
import { addon, type NativePacketSocket } from './native.ts';
import { requireDevice } from './raw-socket.ts';

/** Bytes of an Ethernet header. */
const SHORTEST = 14;

/** Opened by the constructor, which throws a NetioError where the kernel refuses (CAP_NET_RAW is needed). */
export class PacketSocket implements Disposable {
  readonly #native: NativePacketSocket;
  readonly #device: string;
  #closed = false;

  /** `device`: name of the interface. */
  constructor(device: string) {
    requireDevice(device);
    this.#device = device;
    this.#native = new (addon().PacketSocket)();
    check(this.#native.open(device), `open a packet socket on ${device}`);
  }

  /** From the destination's MAC on, without the frame check sequence. Throws where it is not taken, like ENETDOWN. */
  send(frame: Uint8Array): void {
    if (!(frame instanceof Uint8Array)) throw new NetioError('the frame is no Uint8Array', 'ARGUMENT');
    if (frame.length < SHORTEST) throw new NetioError(`${frame.length} bytes are no Ethernet frame`, 'ARGUMENT');
    if (this.#closed) throw new NetioError('the packet socket is closed', 'CLOSED');
    check(this.#native.send(frame), `send a frame on ${this.#device}`);
  }

  /** Twice is safe. */
  close(): void {
    this.#closed = true;
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
