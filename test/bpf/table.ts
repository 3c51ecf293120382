/** The connection table as a test sees it. */
import type { BpfMap, BpfObject } from 'libbpf-ts';
import { addressText } from '../support/packet-bytes.ts';
import { type EntryFields, unpackEntry } from './entry-word.ts';

export interface ConnectionEntry extends EntryFields {
  /** bucket * 8 + way */
  readonly number: number;
  readonly word: bigint;
  readonly key: ConnectionKey;
}

export interface ConnectionKey {
  readonly source: string;
  readonly destination: string;
  readonly sport: number;
  readonly dport: number;
  readonly service: number;
  readonly realServer: number;
  readonly created: number;
  /** fullnat: number of its reply entry; means nothing in the key of a reply. */
  readonly reply: number;
}

/** The table in mapped memory; it changes as the program writes. */
export class ConnectionTable {
  /** Eight words a bucket; 0: free. */
  readonly words: BigUint64Array;
  readonly #keys: Buffer;
  readonly #keyMap: BpfMap<number, RawKey>;
  readonly #identity: number;

  constructor(object: BpfObject) {
    const hot = object.map('connections').mmap();
    this.words = new BigUint64Array(hot.buffer, hot.byteOffset, hot.length / 8);
    this.#keyMap = object.map('connection_keys');
    this.#keys = this.#keyMap.mmap();
    const { layout } = this.#keyMap.valueCodec;
    const members = 'members' in layout ? layout.members : [];
    // Addresses, ports and service come first; the rest says what became of the connection.
    this.#identity = members.find(({ name }) => name === 'real_server')?.offset ?? 0;
  }

  /** As just made: a free entry's key says nothing of a connection before. */
  clear(): void {
    this.words.fill(0n);
    this.#keys.fill(0);
  }

  /** Every entry that is not free, dead ones included. */
  entries(): ConnectionEntry[] {
    const entries: ConnectionEntry[] = [];
    this.words.forEach((word, number) => {
      if (word !== 0n) entries.push(this.#decode(number, word));
    });
    return entries;
  }

  /** Bytes that tell an entry's connection from every other one. */
  identity(number: number): string {
    const at = number * this.#keyMap.valueCodec.size;
    return this.#keys.toString('latin1', at, at + this.#identity);
  }

  #decode(number: number, word: bigint): ConnectionEntry {
    return {
      number,
      word,
      ...unpackEntry(word),
      key: keyOf(this.#keyMap.valueCodec.decode(this.#keys, number * this.#keyMap.valueCodec.size)),
    };
  }
}

interface RawKey {
  readonly source: { readonly word: readonly number[] };
  readonly destination: { readonly word: readonly number[] };
  readonly source_port: number;
  readonly destination_port: number;
  readonly service: number;
  readonly real_server: number;
  readonly created: number;
  readonly reply: number;
}

function keyOf(raw: RawKey): ConnectionKey {
  return {
    source: wordsText(raw.source.word),
    destination: wordsText(raw.destination.word),
    sport: raw.source_port,
    dport: raw.destination_port,
    service: raw.service,
    realServer: raw.real_server,
    created: raw.created,
    reply: raw.reply,
  };
}

/** IPv4 stands in word 0 with zeros behind it. */
function wordsText(words: readonly number[]): string {
  const bytes = Buffer.alloc(16);
  words.forEach((word, index) => void bytes.writeUInt32BE(word, index * 4));
  return addressText(words.slice(1).every((word) => word === 0) ? bytes.subarray(0, 4) : bytes);
}
