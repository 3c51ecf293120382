/**
 * What commands and the configuration file made, kept over crashes and reboots. A new file is written
 * beside the old one, synced and renamed over it, so there is always a whole
 * one. A file that cannot be understood is never overwritten: the daemon
 * refuses to start and says where the fault is.
 */
import { readFileSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { emptyModel } from '../core/model/apply-command.ts';
import { toDocument } from '../core/model/document.ts';
import type { FileShare } from '../core/model/file-share.ts';
import type { Model, VirtualService } from '../core/model/model.ts';
import type { Remembered } from '../core/reconcile/memory.ts';
import { makeDirectory } from '../dataplane/make-directory.ts';
import { StateFileError, VERSION } from './state-format.ts';

/** Totals at the last `zero`, by id in the data plane; those of replies are not in the files of xlb 0.1. */
export type Baseline = readonly [
  ...[id: number, connections: number, packets: number, bytes: number],
  ...([outPackets: number, outBytes: number] | []),
];

/** The configuration file as it was when it was last read: what it says in another way next time is news. */
export interface SavedConfig {
  readonly path: string;
  readonly share: FileShare;
  /** Interfaces that it names. */
  readonly interfaces: readonly string[];
}

export interface SavedState {
  readonly model: Model;
  /** null: everything is commands'. */
  readonly config: SavedConfig | null;
  /** When a command or a reload last changed something, in milliseconds since 1970; null: never. */
  readonly changedAt: number | null;
  /** Interfaces that commands attached. */
  readonly interfaces: readonly { readonly name: string; readonly mode: 'auto' | 'native' | 'generic' }[];
  /** Which connection table the rest is about: it means nothing for another one. */
  readonly table: string;
  readonly remembered: readonly Remembered[];
  readonly zeroed: { readonly services: readonly Baseline[]; readonly servers: readonly Baseline[] };
}

export const EMPTY_STATE: SavedState = {
  model: emptyModel,
  config: null,
  changedAt: null,
  interfaces: [],
  table: '',
  remembered: [],
  zeroed: { services: [], servers: [] },
};

const FILE_NAME = 'state.json';

export class StateFile {
  readonly path: string;
  #last: Promise<void> = Promise.resolve();
  /** What is written, put together; kept, since memory that is new costs more than what is put into it. */
  #image = Buffer.alloc(0);
  /** The pieces that stand in it. */
  #placed: readonly Buffer[] = [];

  /** Makes the directory where it is missing. */
  constructor(directory: string) {
    makeDirectory(directory, 0o750);
    this.path = join(directory, FILE_NAME);
  }

  /** EMPTY_STATE where there is no file; a first start needs no library to check one. Rejects with StateFileError. */
  async load(): Promise<SavedState> {
    const text = readIfThere(this.path);
    if (text === undefined) return EMPTY_STATE;
    const { parseState } = await import('./parse-state.ts');
    return parseState(text, this.path);
  }

  /** Resolves when the state is on the disk; rejects with the system's error, and then the old file stands. */
  save(state: SavedState): Promise<void> {
    const write = () => replaceFile(this.path, this.#join(statePieces(state)));
    this.#last = this.#last.then(write, write);
    return this.#last;
  }

  /** Good until the next one: only one write is under way at a time. */
  #join(pieces: readonly Buffer[]): Buffer {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const isLarger = this.#image.length < length;
    if (isLarger) this.#image = Buffer.allocUnsafeSlow(Math.ceil(length * 1.25));
    const before = isLarger ? [] : this.#placed;
    let at = 0;
    let moved = false;
    for (const [i, piece] of pieces.entries()) {
      if (moved || piece !== before[i]) this.#image.set(piece, at);
      moved ||= piece.length !== before[i]?.length;
      at += piece.length;
    }
    this.#placed = pieces;
    return this.#image.subarray(0, length);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StateFileError(path, `cannot be read (${(error as Error).message})`);
  }
}

async function replaceFile(path: string, content: Buffer): Promise<void> {
  const temporary = `${path}.new`;
  // The file that goes is held until all is done: giving back its room takes as long as a third of the write.
  const old = open(path, 'r').catch(() => undefined);
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } finally {
    old.then(release);
  }
}

async function writeFile(path: string, content: Buffer): Promise<void> {
  const file = await open(path, 'w', 0o640);
  try {
    const { bytesWritten } = await file.write(content);
    if (bytesWritten !== content.length)
      throw new Error(`${path}: only ${bytesWritten} of ${content.length} bytes were written`);
    await file.sync();
  } finally {
    release(file);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    release(directory);
  }
}

/** Nobody waits for it: what was to be on the disk is there, or has failed to get there. */
function release(file: FileHandle | undefined): void {
  file?.close().catch(() => {});
}

const SEPARATOR = ',\n';

/** An element of a list, after its separator: bytes that are made once for as long as the object does not change. */
function lasting<T extends object>(format: (value: T) => string): (value: T) => Buffer {
  const made = new WeakMap<T, Buffer>();
  return (value) => {
    const known = made.get(value);
    if (known !== undefined) return known;
    const bytes = Buffer.from(SEPARATOR + format(value));
    made.set(value, bytes);
    return bytes;
  };
}

const serviceBytes = lasting((service: VirtualService) =>
  JSON.stringify(toDocument({ ...emptyModel, services: new Map([['', service]]) }).services[0]),
);
const rememberedBytes = lasting(({ slots, ...entry }: Remembered) =>
  JSON.stringify({ ...entry, slots: slots.map((slot) => slot && [slot.key.address, slot.key.port, slot.id]) }),
);

/**
 * The file in pieces: one line a service, so that a person can read it and a
 * diff shows what changed, and only what changed is formatted anew.
 */
function statePieces({ model, config, remembered, ...rest }: SavedState): Buffer[] {
  const { services: _, ...values } = toDocument({ ...model, services: new Map() });
  const head = Object.entries(values).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},\n`);
  const last = Object.entries(rest).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return [
    Buffer.from(`{"version":${VERSION},\n"document":{${head.join('')}"services":[\n`),
    ...listed(model.services.values(), serviceBytes),
    Buffer.from('\n]},\n'),
    ...(config === null ? [] : configPieces(config)),
    Buffer.from('"remembered":[\n'),
    ...listed(remembered, rememberedBytes),
    Buffer.from(`\n],\n${last.join(',\n')}}\n`),
  ];
}

function configPieces({ path, share, interfaces }: SavedConfig): Buffer[] {
  const { services, marks, localAddresses, timeouts, syncs } = share;
  const lists = { marks: [...marks.values()], localAddresses: [...localAddresses.values()] };
  const head = JSON.stringify({ path, interfaces, timeouts, syncs, ...lists }).slice(0, -1);
  return [
    Buffer.from(`"config":${head},"services":[\n`),
    ...listed(services.values(), serviceBytes),
    Buffer.from('\n]},\n'),
  ];
}

/** The elements of a list; before the first one stands no separator. */
function listed<T>(values: Iterable<T>, bytes: (value: T) => Buffer): Buffer[] {
  const pieces = Array.from(values, bytes);
  const [first] = pieces;
  return first === undefined ? [] : pieces.with(0, first.subarray(SEPARATOR.length));
}

export function formatState(state: SavedState): string {
  return Buffer.concat(statePieces(state)).toString();
}
