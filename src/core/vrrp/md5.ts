/**
 * HMAC-MD5-96 (RFC 2403), which VRRPv2's authentication header uses. MD5 (RFC 1321) stands here
 * because the core imports no `node:crypto`, and because OpenSSL refuses MD5 where FIPS mode is on.
 * It protects nothing: it is what the peers of an old installation expect.
 */
const BLOCK = 64;

/** Left rotations of the four rounds, four steps each. */
const ROTATIONS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;

/** RFC 1321 3.4: the integer part of 2^32 * |sin(i + 1)|. */
const SINES = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

/** The first 12 bytes of the HMAC. `key`: at most 64 bytes. */
export function hmacMd5Prefix(key: Uint8Array, data: Uint8Array): Uint8Array {
  const inner = md5(joined(keyBlock(key, 0x36), data));
  return md5(joined(keyBlock(key, 0x5c), inner)).subarray(0, 12);
}

/** 16 bytes. */
export function md5(data: Uint8Array): Uint8Array {
  const padded = pad(data);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let at = 0; at < padded.byteLength; at += BLOCK) digestBlock(state, new DataView(padded.buffer, at, BLOCK));
  const digest = new Uint8Array(16);
  const view = new DataView(digest.buffer);
  for (const [i, word] of state.entries()) view.setUint32(4 * i, word, true);
  return digest;
}

function keyBlock(key: Uint8Array, byte: number): Uint8Array {
  return Uint8Array.from({ length: BLOCK }, (_, i) => (key[i] ?? 0) ^ byte);
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

/** RFC 1321 3.1, 3.2: a one bit, zeros, the length in bits as a little-endian 64-bit number. */
function pad(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((data.length + 9) / BLOCK) * BLOCK);
  padded.set(data);
  padded[data.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(data.length) * 8n, true);
  return padded;
}

function digestBlock(state: Uint32Array, block: DataView): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const [mixed, word] = round(i, b, c, d);
    const sum = (a + mixed + SINES[i]! + block.getUint32(4 * word, true)) | 0;
    const turn = ROTATIONS[i >> 4]![i & 3]!;
    [a, d, c, b] = [d, c, b, (b + ((sum << turn) | (sum >>> (32 - turn)))) | 0];
  }
  for (const [i, word] of [a, b, c, d].entries()) state[i] = state[i]! + word;
}

/** The round's function of three words, and which word of the block its step takes. */
function round(i: number, b: number, c: number, d: number): [number, number] {
  if (i < 16) return [(b & c) | (~b & d), i];
  if (i < 32) return [(b & d) | (c & ~d), (5 * i + 1) & 15];
  if (i < 48) return [b ^ c ^ d, (3 * i + 5) & 15];
  return [c ^ (b | ~d), (7 * i) & 15];
}
