/** Netlink messages in a datagram: struct nlmsghdr (16 bytes, host order), then a body, padded to 4 bytes. */

const HEADER_LENGTH = 16;

export interface Message {
  readonly type: number;
  /** NLM_F_* */
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
}

export function formatMessage({ type, flags, sequence, body }: Message): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt32LE(HEADER_LENGTH + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, body]);
}

/** Throws a RangeError where a length does not fit. */
export function parseMessages(datagram: Buffer): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at < datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER_LENGTH || at + length > datagram.length) throw new RangeError(`message of ${length} bytes`);
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      body: datagram.subarray(at + HEADER_LENGTH, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** To the next multiple of 4. */
export function align(length: number): number {
  return (length + 3) & ~3;
}
