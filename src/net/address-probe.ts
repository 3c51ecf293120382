/**
 * Who on the link answers for an address: ARP probes and neighbour solicitations from this machine, and
 * what comes back. Nobody's neighbour table learns of it by ARP.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type FilterInstruction, type FrameListener, NetioError, PacketSocket } from 'netio';
import { addressFamily } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { addressAnswer, arpProbe, neighbourSolicitation } from '../core/vrrp/address-probe.ts';
import { macText } from './address.ts';

export interface ProbedDevice {
  /** Name of the interface. */
  readonly device: string;
  /** 6 bytes. */
  readonly mac: Uint8Array;
  /** Its link-local IPv6 address; null: it has none, and IPv6 addresses cannot be asked for. */
  readonly linkLocal: Address | null;
  readonly addresses: readonly Address[];
}

export interface Probed {
  /** MAC addresses of others that answered, as text; an address that could not be asked for is missing. */
  readonly holders: ReadonlyMap<Address, readonly string[]>;
  /** Why not, by address. */
  readonly faults: ReadonlyMap<Address, string>;
}

export interface ProbeWorld {
  /** Throws a NetioError. */
  readonly open: (device: string, listener: FrameListener) => Pick<PacketSocket, 'send' | 'close'>;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

const SYSTEM: ProbeWorld = {
  open: (device, listener) => new PacketSocket(device, listener),
  pause,
};

/** How often each address is asked for: one frame may be lost. */
const ROUNDS = 2;
/** Milliseconds for answers, after each round. */
const WAIT = 250;
/** Frames sent at once; between two such, a pause: a thousand broadcasts at a time would be a storm. */
const FRAMES_AT_ONCE = 50;
const BETWEEN = 10;

/** ARP, or ICMPv6 of type 136 right behind the header (the second column jumps where it is so, the third where not). */
const ANSWERS: readonly FilterInstruction[] = [
  [0x28, 0, 0, 12],
  [0x15, 5, 0, 0x0806],
  [0x15, 0, 5, 0x86dd],
  [0x30, 0, 0, 20],
  [0x15, 0, 3, 58],
  [0x30, 0, 0, 54],
  [0x15, 0, 1, 136],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
];

/** Takes half a second. `own`: MAC addresses of this machine's interfaces, as text. */
export async function probeAddresses(
  devices: readonly ProbedDevice[],
  own: ReadonlySet<string>,
  world: ProbeWorld = SYSTEM,
): Promise<Probed> {
  const parts = await Promise.all(devices.map((device) => probeDevice(device, own, world)));
  return {
    holders: new Map(parts.flatMap(({ holders }) => [...holders])),
    faults: new Map(parts.flatMap(({ faults }) => [...faults])),
  };
}

async function probeDevice(device: ProbedDevice, own: ReadonlySet<string>, world: ProbeWorld): Promise<Probed> {
  const heard = new Heard(own);
  const asked = device.addresses.filter((address) => canAsk(device, address));
  const faults = new Map(
    device.addresses
      .filter((address) => !canAsk(device, address))
      .map((address) => [address, `${device.device} has no link-local address to ask from`]),
  );
  try {
    const onFrame = (frame: Uint8Array, outgoing: boolean) => heard.take(frame, outgoing);
    // An interface that goes down meanwhile answers nothing, which is what is told of it.
    const socket = world.open(device.device, { filter: ANSWERS, onFrame, onError: () => {} });
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await ask(device, asked, socket, world);
        await world.pause(WAIT);
      }
    } finally {
      socket.close();
    }
  } catch (error) {
    if (!(error instanceof NetioError)) throw error;
    for (const address of asked) faults.set(address, error.message);
    return { holders: new Map(), faults };
  }
  return { holders: new Map(asked.map((address) => [address, heard.others(address)])), faults };
}

function canAsk({ linkLocal }: ProbedDevice, address: Address): boolean {
  return addressFamily(address) === 4 || linkLocal !== null;
}

async function ask(
  { mac, linkLocal }: ProbedDevice,
  addresses: readonly Address[],
  socket: Pick<PacketSocket, 'send'>,
  world: ProbeWorld,
): Promise<void> {
  for (const [i, address] of addresses.entries()) {
    if (i > 0 && i % FRAMES_AT_ONCE === 0) await world.pause(BETWEEN);
    socket.send(
      addressFamily(address) === 4 ? arpProbe(mac, address) : neighbourSolicitation(mac, linkLocal!, address),
    );
  }
}

/**
 * What was said of addresses. Directors that hold a virtual router's MAC address all answer with the same
 * one: an answer to us with a MAC of ours that this machine did not send is another director's.
 */
class Heard {
  readonly #own: ReadonlySet<string>;
  readonly #incoming = new Map<Address, Set<string>>();
  /** Answers to questions, by this machine and by others: address and MAC. */
  readonly #answered = { outgoing: new Set<string>(), incoming: new Set<string>() };

  constructor(own: ReadonlySet<string>) {
    this.#own = own;
  }

  take(frame: Uint8Array, outgoing: boolean): void {
    const answer = addressAnswer(frame);
    if (answer === null) return;
    const { address } = answer;
    const mac = macText(answer.mac);
    if (answer.solicited) this.#answered[outgoing ? 'outgoing' : 'incoming'].add(`${address} ${mac}`);
    if (!outgoing) this.#incoming.set(address, (this.#incoming.get(address) ?? new Set()).add(mac));
  }

  others(address: Address): string[] {
    const all = [...(this.#incoming.get(address) ?? [])];
    return all.filter((mac) => !this.#own.has(mac) || this.#isForeign(address, mac));
  }

  /** Else the network brought back what this machine said: a loop, and no second holder. */
  #isForeign(address: Address, mac: string): boolean {
    const { outgoing, incoming } = this.#answered;
    const key = `${address} ${mac}`;
    return mac.startsWith(VIRTUAL_MAC) && incoming.has(key) && !outgoing.has(key);
  }
}

/** Of every virtual router (RFC 5798 7.3). */
const VIRTUAL_MAC = '00:00:5e:00:0';
