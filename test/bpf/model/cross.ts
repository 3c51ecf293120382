/** fullnat between the families: another IP header, by the rules of RFC 7915; errors are in cross-error.ts. */
import { addressBytes, checksum, onesSum, pseudoSum } from '../../support/packet-bytes.ts';
import { PROTOCOL } from '../../support/packet-layers.ts';
import { familyOf } from '../encode.ts';
import type { ServerConfig } from '../world.ts';
import { crossedError } from './cross-error.ts';
import { type Crossed, type Ends, headerOf, makeHeader } from './cross-header.ts';
import type { Local } from './local-requests.ts';
import type { Packet } from './read-packet.ts';
import { moved, realPort, replacePorts } from './translate.ts';

const MOST_LENGTH = 0xffff;
const ROUTES = [131, 137];

/** Where a request of fullnat leaves in the other family; null: it does not. */
export function crossingOf(packet: Packet, server: ServerConfig, local: Local | null | undefined): Ends | null {
  const family = familyOf(server.address);
  if (!local || family === packet.family) return null;
  const to = { destination: addressBytes(server.address), dport: realPort(server, packet) };
  return { family, source: local.address, sport: local.port, ...to };
}

/** Bytes that it gets longer; options and extension headers go, and errors are cut. */
export function growth({ quoted, transport }: Packet, to: Ends | null): number {
  return to === null || quoted ? 0 : headerOf(to.family) - transport;
}

/** No fragments, and nothing longer than a packet may be. */
export function isCrossable(packet: Packet, to: Ends): boolean {
  if (packet.quoted) return true;
  return packet.transport > 0 && !packet.partial && packet.length + growth(packet, to) <= MOST_LENGTH;
}

/** `ip`: one hop further already, with what follows the packet in its frame. null: it cannot be translated. */
export function crossed(ip: Buffer, packet: Packet, to: Ends): Crossed | null {
  const { quote, transport, length, family, protocol, tos, ttl } = packet;
  if (quote !== undefined) return crossedError(ip, packet, quote, to);
  if (transport !== headerOf(family) && !mayLeave(ip, packet)) return null;
  const body = Buffer.from(ip.subarray(transport));
  if (!changeTransport(body, packet, to)) return null;
  const fields = { protocol, tos, ttl: ttl - 1, payload: length - transport };
  const { header, randomId } = makeHeader(to, fields);
  return { ip: Buffer.concat([header, body]), randomId, quotesRandomId: false };
}

/** The packet as it leaves. */
export function afterCrossing(packet: Packet, to: Ends): Packet {
  return { ...packet, family: to.family, transport: headerOf(to.family), length: packet.length + growth(packet, to) };
}

/** Ports and checksum of TCP, UDP or SCTP, in place; false: there is no sum to make. */
function changeTransport(body: Buffer, packet: Packet, to: Ends): boolean {
  const { protocol, source, destination, length, transport } = packet;
  const change = replacePorts(body, protocol, length - transport, to.sport, to.dport);
  if (protocol === PROTOCOL.sctp) return true;
  const at = protocol === PROTOCOL.udp ? 6 : 16;
  const before = body.readUInt16BE(at);
  if (protocol === PROTOCOL.udp && before === 0) return to.family === 4 || makeUdpSum(body, packet, to);
  const addresses = onesSum(Buffer.concat([to.source, to.destination]));
  const gone = [...words(source), ...words(destination)].reduce((sum, word) => sum + (~word & 0xffff), 0);
  const next = moved(before, change + addresses + gone);
  body.writeUInt16BE(protocol === PROTOCOL.udp && next === 0 ? 0xffff : next, at);
  return true;
}

/** IPv6 wants one. */
function makeUdpSum(body: Buffer, { length, transport }: Packet, { source, destination }: Ends): boolean {
  const size = body.readUInt16BE(4);
  if (size < 8 || size > length - transport) return false;
  const sum = checksum(body.subarray(0, size), pseudoSum(source, destination, PROTOCOL.udp, size));
  body.writeUInt16BE(sum || 0xffff, 6);
  return true;
}

function words(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, n) => bytes.readUInt16BE(2 * n));
}

/** Whether nothing between the headers says that the packet is not at its end yet. */
function mayLeave(ip: Buffer, { family, transport }: Packet): boolean {
  return family === 4 ? mayLeaveOptions(ip.subarray(20, transport)) : mayLeaveExtensions(ip, transport);
}

function mayLeaveOptions(options: Buffer): boolean {
  for (let at = 0; at < options.length; ) {
    const kind = options.readUInt8(at);
    if (kind === 0) return true;
    if (kind === 1) {
      at++;
      continue;
    }
    // The last option may lack its length or pointer: what stands behind is read in their place, as the program does.
    const [size = 0, pointer = 0] = new Uint8Array(options.buffer, options.byteOffset + at + 1, 2);
    if (size < 2 || (ROUTES.includes(kind) && pointer <= size)) return false;
    at += size;
  }
  return true;
}

function mayLeaveExtensions(ip: Buffer, transport: number): boolean {
  let next = ip.readUInt8(6);
  for (let at = 40; at < transport; ) {
    if (next === PROTOCOL.ah || next === PROTOCOL.fragment) return false;
    if (next === PROTOCOL.routing && ip.readUInt8(at + 3) > 0) return false;
    next = ip.readUInt8(at);
    at += (ip.readUInt8(at + 1) + 1) * 8;
  }
  return true;
}
