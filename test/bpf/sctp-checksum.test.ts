/** The incremental CRC32c of bpf/csum_sctp.h against a plain one. */
import { fileURLToPath } from 'node:url';
import { BpfObject } from 'libbpf-ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crc32c, sctpChecksum } from '../support/crc32c.ts';
import { Random } from './model/random.ts';

const OBJECT = fileURLToPath(new URL('../../build/test/bpf/sctp.bpf.o', import.meta.url));
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
const HEADER = 14;
const PASS = 2;

let object: BpfObject;
beforeAll(() => {
  object = BpfObject.open(OBJECT);
  object.load();
});
afterAll(() => object.close());

/** Gives a packet other ports; answers what came out. */
function withPorts(packet: Buffer, ports: Buffer): Buffer {
  const frame = Buffer.concat([ports, Buffer.alloc(HEADER - 4), packet]);
  const { retval, dataOut } = object.program('replace_ports').testRun({ dataIn: frame });
  expect(retval).toBe(PASS);
  return dataOut.subarray(HEADER);
}

function randomPacket(random: Random, length: number): Buffer {
  const packet = Buffer.from(Array.from({ length }, () => random.below(256)));
  packet.writeUInt32LE(sctpChecksum(packet), 8);
  return packet;
}

function randomPorts(random: Random): Buffer {
  return Buffer.from(Array.from({ length: 4 }, () => random.below(256)));
}

test('the plain one is right: RFC 9260 has no vector, the check value of CRC32c does', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

test(`a right checksum stays right at 2,000 random lengths, seed ${SEED}`, () => {
  const random = new Random(SEED);
  for (let count = 0; count < 2000; count++) {
    const packet = randomPacket(random, 12 + random.below(1489));
    const ports = randomPorts(random);
    const out = withPorts(packet, ports);
    const context = `${packet.length} bytes, seed ${SEED}`;
    expect(out.readUInt32LE(8), context).toBe(sctpChecksum(out));
    expect(
      Buffer.concat([out.subarray(0, 4), out.subarray(12)]).equals(Buffer.concat([ports, packet.subarray(12)])),
    ).toBe(true);
  }
});

test.each([12, 13, 15, 16, 255, 256, 1500, 4095, 4096, 4097, 9000])('%i bytes', (length) => {
  const random = new Random(SEED + length);
  const out = withPorts(randomPacket(random, length), randomPorts(random));
  expect(out).toHaveLength(length);
  expect(out.readUInt32LE(8)).toBe(sctpChecksum(out));
});

test('the same ports change nothing, and a wrong checksum stays as wrong as it was', () => {
  const random = new Random(SEED);
  const packet = randomPacket(random, 100);
  expect(withPorts(packet, packet.subarray(0, 4)).equals(packet)).toBe(true);
  packet.writeUInt32LE((packet.readUInt32LE(8) ^ 0x80) >>> 0, 8);
  const out = withPorts(packet, randomPorts(random));
  expect((out.readUInt32LE(8) ^ sctpChecksum(out)) >>> 0).toBe(0x80);
});

test('there and back is the identity', () => {
  const random = new Random(SEED);
  const packet = randomPacket(random, 700);
  expect(withPorts(withPorts(packet, randomPorts(random)), packet.subarray(0, 4)).equals(packet)).toBe(true);
});

test('a frame that ends before the checksum is refused', () => {
  const frame = Buffer.alloc(HEADER + 11);
  expect(object.program('replace_ports').testRun({ dataIn: frame }).retval).not.toBe(PASS);
});
