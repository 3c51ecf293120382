/** Authentication with the key that directors share, and xlb's own datagrams. */
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ENVELOPE_LENGTH, type Kind, SIGNATURE_LENGTH, type Sign, seal } from '../../core/sync/envelope.ts';

/** Bytes: a shorter key can be guessed. */
const MIN_KEY = 16;

/** The file's content without white space around it. Throws with a sentence for a person. */
export function readKey(path: string): Sign {
  const key = readFileSync(path, 'utf8').trim();
  const length = Buffer.byteLength(key);
  if (length < MIN_KEY) throw new Error(`the key in ${path} has ${length} bytes, at least ${MIN_KEY} expected`);
  return (bytes) => createHmac('sha256', key).update(bytes).digest();
}

export class Sealer {
  readonly #sender = randomBytes(8).readBigUInt64BE();
  readonly #sign: Sign | null;
  #sequence = 0n;

  /** null: no key. */
  constructor(sign: Sign | null) {
    this.#sign = sign;
  }

  /** Bytes that authentication adds to a message. */
  get overhead(): number {
    return this.#sign === null ? 0 : ENVELOPE_LENGTH + SIGNATURE_LENGTH;
  }

  /** A hello, or a message to whom it is authenticated. */
  seal(kind: Kind, syncId: number, payload: Uint8Array): Uint8Array {
    const now = BigInt(Date.now()) * 1000n;
    this.#sequence = now > this.#sequence ? now : this.#sequence + 1n;
    return seal({ syncId, kind, sender: this.#sender, sequence: this.#sequence, payload }, this.#sign);
  }

  /** A message of version 1 as it goes out: without a key as IPVS sends it. */
  wrap(syncId: number, message: Uint8Array): Uint8Array {
    return this.#sign === null ? message : this.seal('records', syncId, message);
  }
}
