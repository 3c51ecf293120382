/** Records as messages of version 1, as IPVS sends them. */
import type { AddressWords } from '../model/address.ts';
import { ADDRESSES_AT, HEADER_LENGTH, MAX_RECORDS, RECORD_LENGTH, TYPE_IPV6, VERSION } from './layout.ts';
import type { SyncRecord } from './record.ts';

export interface MessageOptions {
  /** 0 to 255. */
  readonly syncId: number;
  /** Bytes of a message; one record always fits. */
  readonly maxLength: number;
}

export interface Message {
  readonly bytes: Uint8Array;
  readonly records: readonly SyncRecord[];
}

/** As few messages as hold the records, in their order. */
export function encodeMessages(records: readonly SyncRecord[], options: MessageOptions): Message[] {
  const messages: Message[] = [];
  let part: SyncRecord[] = [];
  let length = HEADER_LENGTH;
  for (const record of records) {
    const more = RECORD_LENGTH[record.family];
    if (part.length > 0 && (length + more > options.maxLength || part.length === MAX_RECORDS)) {
      messages.push({ bytes: encodeMessage(part, length, options.syncId), records: part });
      part = [];
      length = HEADER_LENGTH;
    }
    part.push(record);
    length += more;
  }
  if (part.length > 0) messages.push({ bytes: encodeMessage(part, length, options.syncId), records: part });
  return messages;
}

function encodeMessage(records: readonly SyncRecord[], length: number, syncId: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, syncId);
  view.setUint16(2, length);
  view.setUint8(4, records.length);
  view.setUint8(5, VERSION);
  let at = HEADER_LENGTH;
  for (const record of records) {
    writeRecord(view, at, record);
    at += RECORD_LENGTH[record.family];
  }
  return bytes;
}

function writeRecord(view: DataView, at: number, record: SyncRecord): void {
  const { family, client, virtual, server } = record;
  view.setUint8(at, family === 6 ? TYPE_IPV6 : 0);
  view.setUint8(at + 1, record.protocol);
  view.setUint16(at + 2, RECORD_LENGTH[family]);
  view.setUint32(at + 4, record.flags);
  view.setUint16(at + 8, record.state);
  view.setUint16(at + 10, client.port);
  view.setUint16(at + 12, virtual.port);
  view.setUint16(at + 14, server.port);
  view.setUint32(at + 16, record.mark);
  view.setUint32(at + 20, record.timeout);
  let place = at + ADDRESSES_AT;
  for (const { words } of [client, virtual, server]) place = writeAddress(view, place, words, family);
}

function writeAddress(view: DataView, at: number, words: AddressWords, family: 4 | 6): number {
  const count = family === 6 ? 4 : 1;
  for (let i = 0; i < count; i++) view.setUint32(at + i * 4, words[i]!);
  return at + count * 4;
}
