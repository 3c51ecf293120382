/** TOA: a real server of fullnat is told its client in a TCP option (kind 254), first among the options. */
import type { Packet } from './read-packet.ts';
import { ACK, RST, SYN } from './tcp-state.ts';
import { moved } from './translate.ts';

const KIND = 254;
const FIXED = 20;
const MOST_HEADER = 60;
/** Bytes of a frame that the program can move. */
const MOST_MOVED = 128;

/** Whether a client's packet acknowledges the real server's SYN and nothing more. `firstAck`: 16 bits of what does. */
export function wantsToa(ip: Buffer, { protocol, quoted, flags, transport }: Packet, firstAck: number): boolean {
  if (protocol !== 6 || quoted || transport === 0) return false;
  return (flags & (ACK | SYN | RST)) === ACK && ip.readUInt16BE(transport + 10) === firstAck;
}

/** 16 bits of what acknowledges a real server's SYN; null: it is none. */
export function firstAckOf(ip: Buffer, { protocol, quoted, flags, transport }: Packet): number | null {
  if (protocol !== 6 || quoted || transport === 0 || (flags & SYN) === 0) return null;
  return (ip.readUInt16BE(transport + 6) + 1) & 0xffff;
}

export function toaOption({ source, sport }: Packet): Buffer {
  const option = Buffer.alloc(4 + source.length);
  option.set([KIND, option.length, sport >> 8, sport & 0xff]);
  source.copy(option, 4);
  return option;
}

/** `ipAt`: of the IP header, from the start of the frame. */
export function hasRoom(ip: Buffer, ipAt: number, { length, transport }: Packet, mtu: number, option: Buffer): boolean {
  const header = (ip.readUInt8(transport + 12) >> 4) * 4;
  const isMovable = ipAt + transport + FIXED <= MOST_MOVED;
  return length + option.length <= mtu && header + option.length <= MOST_HEADER && isMovable;
}

export function withToa(ip: Buffer, { family, transport, length }: Packet, option: Buffer): Buffer {
  const at = transport + FIXED;
  const longer = Buffer.concat([ip.subarray(0, at), option, ip.subarray(at)]);
  const set = (place: number, word: number): number => {
    const change = word + (~longer.readUInt16BE(place) & 0xffff);
    longer.writeUInt16BE(word, place);
    return change;
  };
  if (family === 6) set(4, length - 40 + option.length);
  else longer.writeUInt16BE(moved(ip.readUInt16BE(10), set(2, length + option.length)), 10);
  const offset = longer.readUInt16BE(transport + 12) + ((option.length / 4) << 12);
  let change = set(transport + 12, offset) + option.length;
  for (let i = 0; i < option.length; i += 2) change += option.readUInt16BE(i);
  longer.writeUInt16BE(moved(longer.readUInt16BE(transport + 16), change), transport + 16);
  return longer;
}
