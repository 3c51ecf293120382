/**
 * Tells the neighbours of an interface where virtual addresses are: gratuitous
 * ARP and unsolicited neighbour advertisements, at once where no gap is asked
 * for, else one after the other by a timer.
 */
import { NetioError, PacketSocket } from 'netio';
import { addressFamily } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { gratuitousArp, neighbourAdvertisement } from '../core/vrrp/announcement.ts';
import { Lane, newPace, type Pace } from './announce-lane.ts';

/** Frames sent in one go: a thousand addresses must not hold up an advertisement. */
const FRAMES_AT_ONCE = 64;
/** What sending says where the socket's interface was deleted; another of the same name may be there. */
const GONE = new Set(['ENXIO', 'ENODEV']);
/** The frame is lost, the next one may not be. */
const FULL = new Set(['ENOBUFS', 'EAGAIN']);

export interface Announcement {
  /** Name of the interface that the frames leave by. */
  readonly device: string;
  /** 6 bytes: where the addresses are. Not to be changed afterwards. */
  readonly mac: Uint8Array;
  readonly addresses: readonly Address[];
  /** How often each is announced, at least once. */
  readonly repeat: number;
  /** Least milliseconds between two ARP frames on the interface; 0: none. */
  readonly arpGap: number;
  /** The same between two neighbour advertisements. */
  readonly neighbourGap: number;
  /** Interfaces of one name share their gaps; left out: this one has its own. */
  readonly pace?: string | undefined;
  /** Whether the interface forwards IPv6. */
  readonly router: boolean;
}

type FrameSocket = Pick<PacketSocket, 'send' | 'close'>;

/** What an Announcer needs of the world; tests bring their own. */
export interface AnnouncerWorld {
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Calls back once after `delay` milliseconds, unless what it returned is called. */
  readonly after: (delay: number, callback: () => void) => () => void;
  /** Throws a NetioError. */
  readonly open: (device: string) => FrameSocket;
}

const SYSTEM: AnnouncerWorld = {
  now: () => performance.now(),
  after(delay, callback) {
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  },
  open: (device) => new PacketSocket(device),
};

interface Port {
  readonly device: string;
  readonly arp: Lane;
  readonly neighbour: Lane;
  socket: FrameSocket | null;
  disarm: (() => void) | null;
}

export class Announcer implements Disposable {
  readonly #onError: (device: string, code: string) => void;
  readonly #world: AnnouncerWorld;
  readonly #ports = new Map<string, Port>();
  readonly #paces = new Map<string, Pace>();

  /**
   * `onError`: an errno name. ENOBUFS and EAGAIN lose one frame; after any other,
   * like ENETDOWN, nothing waits for the interface any more.
   */
  constructor(onError: (device: string, code: string) => void, world: AnnouncerWorld = SYSTEM) {
    this.#onError = onError;
    this.#world = world;
  }

  /** What may go at once has left when it returns, up to 64 frames. Later announcements replace earlier ones of the same addresses. */
  announce(announcement: Announcement): void {
    const { device, mac, addresses, repeat, arpGap, neighbourGap, pace, router } = announcement;
    const port = this.#port(device, pace);
    const of = (family: 4 | 6) => addresses.filter((address) => addressFamily(address) === family);
    port.arp.add(
      of(4).map((address) => ({
        address,
        frame: () => gratuitousArp(mac, address),
        times: repeat,
        gap: arpGap,
      })),
    );
    port.neighbour.add(
      of(6).map((address) => ({
        address,
        frame: () => neighbourAdvertisement(mac, address, router),
        times: repeat,
        gap: neighbourGap,
      })),
    );
    this.#drain(port);
  }

  /** Nothing is announced of these any more: for addresses that are about to be released. */
  cancel(device: string, addresses: readonly Address[]): void {
    const port = this.#ports.get(device);
    if (port === undefined) return;
    const released = new Set(addresses);
    port.arp.drop(released);
    port.neighbour.drop(released);
    this.#arm(port);
  }

  /** Nothing is sent any more. Twice is safe. */
  close(): void {
    for (const port of this.#ports.values()) {
      port.disarm?.();
      port.socket?.close();
    }
    this.#ports.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A reload may have put it into another group. */
  #port(device: string, group: string | undefined): Port {
    const own = group === undefined ? `interface ${device}` : `group ${group}`;
    const [arp, neighbour] = [this.#pace(`${own} arp`), this.#pace(`${own} neighbour`)];
    const known = this.#ports.get(device);
    if (known !== undefined) {
      known.arp.pace = arp;
      known.neighbour.pace = neighbour;
      return known;
    }
    const port: Port = { device, arp: new Lane(arp), neighbour: new Lane(neighbour), socket: null, disarm: null };
    this.#ports.set(device, port);
    return port;
  }

  #pace(name: string): Pace {
    const pace = this.#paces.get(name) ?? newPace();
    this.#paces.set(name, pace);
    return pace;
  }

  #drain(port: Port): void {
    const now = this.#world.now();
    for (let sent = 0; sent < FRAMES_AT_ONCE; sent++) {
      const frame = port.arp.take(now) ?? port.neighbour.take(now);
      if (frame === null) break;
      this.#send(port, frame);
    }
    this.#arm(port);
  }

  #arm(port: Port): void {
    port.disarm?.();
    port.disarm = null;
    const due = [port.arp.due, port.neighbour.due].filter((time) => time !== null);
    if (due.length === 0) return;
    const delay = Math.max(0, Math.min(...due) - this.#world.now());
    port.disarm = this.#world.after(delay, () => this.#drain(port));
  }

  #send(port: Port, frame: Uint8Array): void {
    try {
      sendBy(port, frame, this.#world.open);
    } catch (error) {
      if (!(error instanceof NetioError)) throw error;
      if (!FULL.has(error.code)) {
        port.socket?.close();
        port.socket = null;
        port.arp.clear();
        port.neighbour.clear();
      }
      this.#onError(port.device, error.code);
    }
  }
}

/** A socket stays with the interface that it was opened on: where that is gone, the name is looked up anew. */
function sendBy(port: Port, frame: Uint8Array, open: AnnouncerWorld['open']): void {
  const kept = port.socket;
  if (kept !== null) {
    try {
      kept.send(frame);
      return;
    } catch (error) {
      if (!(error instanceof NetioError && GONE.has(error.code))) throw error;
      kept.close();
      port.socket = null;
    }
  }
  port.socket = open(port.device);
  port.socket.send(frame);
}
