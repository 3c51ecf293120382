/** One world's cable: frames go in, and what the director sends comes out. */
import { readFileSync } from 'node:fs';
import { BpfObject, BpfRingBuffer, XdpLink, xdpContext } from 'libbpf-ts';
import { ETHERTYPE, PROTOCOL } from '../support/packet-layers.ts';
import { parseFrame } from '../support/packet-parse.ts';

const WIRE_OBJECT = new URL('../../build/test/ipvs/wire.bpf.o', import.meta.url).pathname;

/** Neighbour discovery, router and multicast messages (RFC 4861, 2710, 3810): no part of any answer. */
const NEIGHBOUR_MESSAGES = [130, 131, 132, 133, 134, 135, 136, 137, 143];

export class Wire {
  readonly #object: BpfObject;
  readonly #ring: BpfRingBuffer;
  readonly #link: XdpLink;
  readonly #ifindex: number;
  /** Frames received so far. */
  taken = 0;

  /** `name`: the outer end, in this network namespace. */
  constructor(name: string) {
    this.#ifindex = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'));
    this.#object = BpfObject.open(WIRE_OBJECT);
    this.#object.load();
    this.#link = XdpLink.attach({ program: this.#object.program('capture'), ifindex: this.#ifindex, mode: 'native' });
    this.#ring = new BpfRingBuffer(this.#object.map('captured'));
  }

  send(frame: Buffer): void {
    const ctxIn = xdpContext({ dataLength: frame.length, ingressIfindex: this.#ifindex });
    this.#object.program('inject').testRun({ dataIn: frame, ctxIn, liveFrames: true, repeat: 1, batchSize: 1 });
  }

  /** IP packets that came out since the last call. */
  received(): Buffer[] {
    const frames: Buffer[] = [];
    for (let record = this.#ring.poll(); record !== undefined; record = this.#ring.poll()) {
      const frame = record.subarray(4, 4 + record.readUInt32LE(0));
      if (isTraffic(frame)) frames.push(frame);
    }
    this.taken += frames.length;
    return frames;
  }

  close(): void {
    this.#ring.close();
    this.#link.close();
    this.#object.close();
  }
}

function isTraffic(frame: Buffer): boolean {
  const { etherType, ip } = parseFrame(frame);
  if (etherType !== ETHERTYPE.ipv4 && etherType !== ETHERTYPE.ipv6) return false;
  return !(ip?.protocol === PROTOCOL.icmpv6 && NEIGHBOUR_MESSAGES.includes(ip.icmp?.type ?? 0));
}
