/** The connection table as a test sees it. */
import type { BpfObject } from 'libbpf-ts';
import { addressText } from '../support/packet-bytes.ts';
import { STATES, type State } from './settings.ts';

export interface ConnectionEntry {
  /** bucket * 8 + way */
  readonly number: number;
  readonly word: bigint;
  readonly tag: number;
  readonly confirm: boolean;
  readonly slot: number;
  readonly state: State;
  /** Seconds of the data plane's clock modulo 2^16. */
  readonly deadline: number;
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
}

export function readEntries(object: BpfObject, buckets: number): ConnectionEntry[] {
  const entries: ConnectionEntry[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const { entry } = object.map<number, { entry: bigint[] }>('connections').get(bucket) ?? { entry: [] };
    entry.forEach((word, way) => {
      if (word !== 0n) entries.push(decodeEntry(object, bucket * 8 + way, word));
    });
  }
  return entries;
}

function decodeEntry(object: BpfObject, number: number, word: bigint): ConnectionEntry {
  const low = Number(word & 0xfffffn);
  return {
    number,
    word,
    tag: Number(word >> 37n),
    confirm: ((word >> 36n) & 1n) === 1n,
    slot: Number((word >> 20n) & 0xffffn),
    state: STATES[low >> 16] as State,
    deadline: low & 0xffff,
    key: readKey(object, number),
  };
}

interface RawKey {
  readonly source: { readonly word: readonly number[] };
  readonly destination: { readonly word: readonly number[] };
  readonly source_port: number;
  readonly destination_port: number;
  readonly service: number;
  readonly real_server: number;
  readonly created: number;
}

function readKey(object: BpfObject, number: number): ConnectionKey {
  const raw = object.map<number, RawKey>('connection_keys').get(number) as RawKey;
  return {
    source: wordsText(raw.source.word),
    destination: wordsText(raw.destination.word),
    sport: raw.source_port,
    dport: raw.destination_port,
    service: raw.service,
    realServer: raw.real_server,
    created: raw.created,
  };
}

/** IPv4 stands in word 0 with zeros behind it. */
function wordsText(words: readonly number[]): string {
  const bytes = Buffer.alloc(16);
  words.forEach((word, index) => void bytes.writeUInt32BE(word, index * 4));
  return addressText(words.slice(1).every((word) => word === 0) ? bytes.subarray(0, 4) : bytes);
}
