/**
 * What comes in: believed or refused as a whole, then told to whom it is for. Records
 * are the backup daemon's, a hello is the master's.
 */
import type { Address } from '../../core/model/model.ts';
import { decodeMessage } from '../../core/sync/decode.ts';
import { type Envelope, isEnvelope, type Sign, unseal } from '../../core/sync/envelope.ts';
import type { SyncRecord } from '../../core/sync/record.ts';
import { type Refusal, refuse } from '../../core/sync/refusal.ts';
import { admit, type Windows } from '../../core/sync/replay.ts';
import { countIn, notePeer, type ReceivedTally } from './tally.ts';

export interface HearerParts {
  /** null: no key. */
  readonly sign: Sign | null;
  /** Where there are any, nobody else is heard. */
  readonly peers: readonly Address[];
  readonly tally: ReceivedTally;
  /** `syncId`: of the message; each daemon says which it takes. Answers whether it was for anybody. */
  readonly onRecords: (syncId: number, records: readonly SyncRecord[]) => boolean;
  readonly onHello: (syncId: number) => boolean;
  readonly onRefusal: (refusal: Refusal, from: string) => void;
}

export class Hearer {
  readonly #parts: HearerParts;
  #windows: Windows = new Map();

  constructor(parts: HearerParts) {
    this.#parts = parts;
  }

  hear(bytes: Uint8Array, from: string): void {
    const { tally, onRefusal } = this.#parts;
    const refusal = this.#take(bytes, from);
    if (refusal === null) {
      tally.messages++;
      tally.bytes += bytes.length;
      notePeer(tally, from, Date.now());
      return;
    }
    countIn(tally.refused, refusal.reason);
    onRefusal(refusal, from);
  }

  #take(bytes: Uint8Array, from: string): Refusal | null {
    const { peers, sign } = this.#parts;
    if (peers.length > 0 && !peers.some((peer) => peer === from))
      return refuse('other-sender', `a datagram from ${from}, expected one of ${peers.join(', ')}`);
    if (isEnvelope(bytes)) return this.#takeEnvelope(bytes);
    if (sign !== null) return refuse('not-authenticated', 'no authentication code');
    return this.#takeMessage(bytes);
  }

  #takeEnvelope(bytes: Uint8Array): Refusal | null {
    const { sign, onHello } = this.#parts;
    const envelope = unseal(bytes, sign);
    if ('reason' in envelope) return envelope;
    if (sign !== null) {
      const windows = admit(this.#windows, envelope.sender, envelope.sequence, BigInt(Date.now()) * 1000n);
      if ('reason' in windows) return windows as Refusal;
      this.#windows = windows;
    }
    if (envelope.kind === 'records') return this.#takeMessage(envelope.payload);
    return onHello(envelope.syncId) ? null : otherId(envelope);
  }

  #takeMessage(bytes: Uint8Array): Refusal | null {
    const message = decodeMessage(bytes);
    if ('reason' in message) return message;
    return this.#parts.onRecords(message.syncId, message.records) ? null : otherId(message);
  }
}

function otherId({ syncId }: Pick<Envelope, 'syncId'>): Refusal {
  return refuse('other-id', `the synchronization id ${syncId}`);
}
