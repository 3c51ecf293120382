/**
 * xlb's own datagrams, which wrap a message of version 1, or say something that IPVS has no word for:
 *
 *   0 syncid size(2) 0 form kind 0   sender(8) sequence(8)   payload   [HMAC-SHA-256 (32)]
 *
 * IPVS takes the first eight bytes for a message of version 0 without records, and does nothing.
 * `sequence` is a time in microseconds since 1970 that only rises, so that a director which
 * starts anew, or loses its memory, still knows an old datagram (replay.ts).
 */
import { HEADER_LENGTH } from './layout.ts';
import { type Refusal, refuse } from './refusal.ts';

export type Kind = 'records' | 'hello';

export interface Envelope {
  readonly syncId: number;
  /** records: a message of version 1. hello: who listens wants to hear of everything; empty. */
  readonly kind: Kind;
  /** Drawn at the sender's start. */
  readonly sender: bigint;
  readonly sequence: bigint;
  readonly payload: Uint8Array;
}

/** HMAC-SHA-256 with the key that the directors share. */
export type Sign = (bytes: Uint8Array) => Uint8Array;

export const ENVELOPE_LENGTH = HEADER_LENGTH + 16;
export const SIGNATURE_LENGTH = 32;

/** The byte where IPVS has its version. */
const PLAIN = 0x80;
const SIGNED = 0x81;
const KINDS: readonly Kind[] = ['records', 'hello'];

export function isEnvelope(bytes: Uint8Array): boolean {
  return (
    bytes.length >= HEADER_LENGTH && bytes[0] === 0 && bytes[4] === 0 && (bytes[5] === PLAIN || bytes[5] === SIGNED)
  );
}

/** `sign` null: without authentication. */
export function seal({ syncId, kind, sender, sequence, payload }: Envelope, sign: Sign | null): Uint8Array {
  const end = ENVELOPE_LENGTH + payload.length;
  const bytes = new Uint8Array(end + (sign === null ? 0 : SIGNATURE_LENGTH));
  const view = new DataView(bytes.buffer);
  view.setUint8(1, syncId);
  view.setUint16(2, bytes.length);
  view.setUint8(5, sign === null ? PLAIN : SIGNED);
  view.setUint8(6, KINDS.indexOf(kind));
  view.setBigUint64(HEADER_LENGTH, sender);
  view.setBigUint64(HEADER_LENGTH + 8, sequence);
  bytes.set(payload, ENVELOPE_LENGTH);
  if (sign !== null) bytes.set(sign(bytes.subarray(0, end)), end);
  return bytes;
}

/** `bytes`: what isEnvelope knows. Authenticity comes first: nothing of a forged datagram is believed. */
export function unseal(bytes: Uint8Array, sign: Sign | null): Envelope | Refusal {
  const isSigned = bytes[5] === SIGNED;
  if (isSigned && sign === null) return refuse('no-key', 'an authenticated datagram, but no key is configured here');
  if (!isSigned && sign !== null) return refuse('not-authenticated', 'no authentication code');
  const end = bytes.length - (isSigned ? SIGNATURE_LENGTH : 0);
  if (end < ENVELOPE_LENGTH) return refuse('malformed', `${bytes.length} bytes, at least ${ENVELOPE_LENGTH} expected`);
  if (sign !== null && !equalBytes(sign(bytes.subarray(0, end)), bytes.subarray(end)))
    return refuse('forged', 'a wrong authentication code: another key, or no key');
  return read(bytes, end);
}

function read(bytes: Uint8Array, end: number): Envelope | Refusal {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(2) !== bytes.length)
    return refuse('malformed', `the size ${view.getUint16(2)} in ${bytes.length} bytes`);
  const kind = KINDS[bytes[6]!];
  if (kind === undefined || bytes[7] !== 0) return refuse('malformed', `the kind ${bytes[6]}`);
  return {
    syncId: bytes[1]!,
    kind,
    sender: view.getBigUint64(HEADER_LENGTH),
    sequence: view.getBigUint64(HEADER_LENGTH + 8),
    payload: bytes.subarray(ENVELOPE_LENGTH, end),
  };
}

/** In a time that does not depend on where they differ. */
function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) difference |= (a[i] ?? 0) ^ b[i]!;
  return difference === 0;
}
