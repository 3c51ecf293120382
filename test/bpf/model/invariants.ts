/**
 * What holds of forwarded packets whatever the model thinks: it is checked with
 * readers that share nothing with it.
 */
import { ethernet } from '../../support/packet.ts';
import { PROTOCOL } from '../../support/packet-layers.ts';
import { checksumsOk, type ParsedFrame, parseFrame } from '../../support/packet-parse.ts';
import { CLIENT_MAC, INGRESS, type World } from '../world.ts';
import { VIPS } from './random-world.ts';

/** Right checksums of IP and transport, inner packets included, stay right; the TTL is one less, and that counts too. */
export function keepsChecksums(before: Buffer, after: Buffer): boolean {
  const came = tryParse(before);
  return came === null || !checksumsOk(came.ip) || checksumsOk(parseFrame(after).ip);
}

export interface Answer {
  readonly frame: Buffer;
  /** Ends of the answer as the client must see it. */
  readonly ends: string;
}

/**
 * What a real server answers to a request that has just opened its connection by
 * NAT, and so gets its answers for sure; null: it is none, or nobody would be answered.
 */
export function answerTo(before: Buffer, after: Buffer, world: World): Answer | null {
  const [came, went] = [tryParse(before)?.ip, parseFrame(after).ip];
  // What is longer by more than another IP header or an option travels by GUE, whose UDP has no answer.
  if (!came?.transport || !went?.transport || came.dst === went.dst || went.length - came.length > 20) return null;
  if (VIPS.includes(came.src) || leavesNoEntry(came.dst, came.transport, world)) return null;
  const { sport, dport, protocol } = went.transport;
  const link = ethernet({ dst: INGRESS.mac, src: CLIENT_MAC });
  const ends = { src: went.dst, dst: went.src };
  const ip = went.family === 4 ? link.ipv4(ends) : link.ipv6(ends);
  const ports = { sport: dport, dport: sport };
  const transport =
    protocol === PROTOCOL.tcp
      ? ip.tcp({ ...ports, flags: 'S.' })
      : protocol === PROTOCOL.udp
        ? ip.udp(ports)
        : ip.sctp({ ...ports, chunks: ['INIT_ACK'] });
  const expected = `${came.dst}:${came.transport.dport} > ${came.src}:${came.transport.sport}`;
  return { frame: transport.payload(33).build(), ends: expected };
}

/** Datagrams of a one-packet service are not remembered, so their answers are not translated. */
function leavesNoEntry(dst: string, { protocol, dport }: { protocol: number; dport: number }, world: World): boolean {
  const ports = [dport, 0];
  return (
    protocol === PROTOCOL.udp &&
    world.services.some(({ onePacket, protocol: name, address, port }) => {
      return onePacket && (name === 'fwmark' || (address === dst && ports.includes(port)));
    })
  );
}

/** null: cut off, or its lengths lie. */
function tryParse(frame: Buffer): ParsedFrame | null {
  try {
    return parseFrame(frame);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
