/** CRC32c bit by bit (RFC 9260, appendix A), for tests: what checks a faster way must not share it. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** The value of an SCTP packet's checksum field, which stands there least significant byte first. */
export function sctpChecksum(packet: Uint8Array): number {
  const blank = Buffer.from(packet);
  blank.fill(0, 8, 12);
  return crc32c(blank);
}
