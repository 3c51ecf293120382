/**
 * A message of version 1 or 0 is read as a whole or refused as a whole: where IPVS takes in the
 * records in front of a broken one, nothing of such a message counts here. Whatever the bytes
 * are, nothing throws.
 */
import type { AddressWords } from '../model/address.ts';
import {
  ADDRESSES_AT,
  HEADER_LENGTH,
  HEADER_LENGTH_V0,
  OPTIONAL_PARAMETER,
  PARAMETERS,
  RECORD_LENGTH,
  RECORD_LENGTH_V0,
  SEQUENCE_LENGTH,
  SIZE_MASK,
  SIZE_VERSION_SHIFT,
  TYPE_IPV6,
  VERSION,
} from './layout.ts';
import { isTemplate, SEQUENCE_FLAGS, STATE_COUNTS, type SyncRecord, TEMPLATE_STATES } from './record.ts';
import { type Refusal, refuse } from './refusal.ts';

export interface Decoded {
  readonly version: 0 | 1;
  readonly syncId: number;
  readonly records: readonly SyncRecord[];
}

export function decodeMessage(bytes: Uint8Array): Decoded | Refusal {
  if (bytes.length < HEADER_LENGTH_V0) return refuse('malformed', `${bytes.length} bytes, at least 4 expected`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint16(2);
  if (size !== bytes.length) return refuse('malformed', `the size ${size} in ${bytes.length} bytes`);
  const isCurrent =
    bytes.length >= HEADER_LENGTH && bytes[0] === 0 && bytes[5] === VERSION && bytes[6] === 0 && bytes[7] === 0;
  const version = isCurrent ? 1 : 0;
  const records = isCurrent ? readRecords(view, bytes[4]!) : readOldRecords(view, bytes[0]!);
  return 'reason' in records ? records : { version, syncId: bytes[1]!, records };
}

function readRecords(view: DataView, count: number): SyncRecord[] | Refusal {
  const records: SyncRecord[] = [];
  let at = HEADER_LENGTH;
  for (let i = 0; i < count; i++) {
    const length = recordLength(view, at);
    if (typeof length !== 'number') return length;
    const record = readRecord(view, at);
    const fault = checkState(record, at) ?? checkParameters(view, at + RECORD_LENGTH[record.family], at + length);
    if (fault !== null) return fault;
    records.push(record);
    at += (length + 3) & ~3;
  }
  return records;
}

/** Bytes of the record with its parameters. */
function recordLength(view: DataView, at: number): number | Refusal {
  const left = view.byteLength - at;
  if (left < RECORD_LENGTH[4]) return refuse('malformed', `${left} bytes for the record at ${at}`);
  const field = view.getUint16(at + 2);
  const length = field & SIZE_MASK;
  if (field >>> SIZE_VERSION_SHIFT !== 0)
    return refuse('malformed', `version ${field >>> SIZE_VERSION_SHIFT} of the record at ${at}`);
  const least = RECORD_LENGTH[view.getUint8(at) & TYPE_IPV6 ? 6 : 4];
  if (length >= least && length <= left) return length;
  return refuse('malformed', `the size ${length} of the record at ${at}, expected ${least} to ${left}`);
}

function readRecord(view: DataView, at: number): SyncRecord {
  const family = view.getUint8(at) & TYPE_IPV6 ? 6 : 4;
  const step = family === 6 ? 16 : 4;
  const endpoint = (index: number) => ({
    words: readAddress(view, at + ADDRESSES_AT + index * step, family),
    port: view.getUint16(at + 10 + index * 2),
  });
  return {
    family,
    protocol: view.getUint8(at + 1),
    client: endpoint(0),
    virtual: endpoint(1),
    server: endpoint(2),
    flags: view.getUint32(at + 4),
    state: view.getUint16(at + 8),
    mark: view.getUint32(at + 16),
    timeout: view.getUint32(at + 20),
  };
}

/** The rule for parameters is ip_vs_proc_sync_conn's; none of them means anything here. */
function checkParameters(view: DataView, from: number, end: number): Refusal | null {
  let at = from;
  while (at < end) {
    if (end - at < 2) return refuse('malformed', `a parameter cut short at ${at}`);
    const type = view.getUint8(at);
    const length = view.getUint8(at + 1);
    if (length === 0 || at + 2 + length > end)
      return refuse('malformed', `the length ${length} of a parameter at ${at}`);
    const known = type & ~OPTIONAL_PARAMETER;
    if (known === PARAMETERS.sequence && length !== SEQUENCE_LENGTH)
      return refuse('malformed', `sequence data of ${length} bytes at ${at}`);
    if (!Object.values<number>(PARAMETERS).includes(known) && !(type & OPTIONAL_PARAMETER))
      return refuse('malformed', `an unknown parameter of type ${type} at ${at}`);
    at += 2 + length;
  }
  return null;
}

function readOldRecords(view: DataView, count: number): SyncRecord[] | Refusal {
  const records: SyncRecord[] = [];
  let at = HEADER_LENGTH_V0;
  for (let i = 0; i < count; i++) {
    if (view.byteLength - at < RECORD_LENGTH_V0)
      return refuse('malformed', `${view.byteLength - at} bytes for the record at ${at}`);
    const record = readOldRecord(view, at);
    const length = RECORD_LENGTH_V0 + (record.flags & SEQUENCE_FLAGS ? SEQUENCE_LENGTH : 0);
    if (view.byteLength - at < length) return refuse('malformed', `no sequence data in the record at ${at}`);
    const fault = checkState(record, at);
    if (fault !== null) return fault;
    records.push(record);
    at += length;
  }
  return records;
}

function readOldRecord(view: DataView, at: number): SyncRecord {
  const endpoint = (index: number) => ({
    words: readAddress(view, at + 8 + index * 4, 4),
    port: view.getUint16(at + 2 + index * 2),
  });
  return {
    family: 4,
    protocol: view.getUint8(at + 1),
    client: endpoint(0),
    virtual: endpoint(1),
    server: endpoint(2),
    flags: view.getUint16(at + 20),
    state: view.getUint16(at + 22),
    mark: 0,
    timeout: 0,
  };
}

/** Of a protocol that IPVS has and xlb does not (ESP, AH) any state will do: the record is passed over. */
function checkState(record: SyncRecord, at: number): Refusal | null {
  const states = isTemplate(record) ? TEMPLATE_STATES : STATE_COUNTS[record.protocol];
  if (states === undefined || record.state < states) return null;
  return refuse('malformed', `the state ${record.state} of protocol ${record.protocol} in the record at ${at}`);
}

function readAddress(view: DataView, at: number, family: 4 | 6): AddressWords {
  if (family === 4) return [view.getUint32(at), 0, 0, 0];
  return [view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12)];
}
