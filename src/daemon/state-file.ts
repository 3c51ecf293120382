/**
 * What commands and the configuration file made, kept over crashes and reboots. A new file is written
 * beside the old one, synced and renamed over it, so there is always a whole
 * one. A file that cannot be understood is never overwritten: the daemon
 * refuses to start and says where the fault is.
 */
import { readFileSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { parseAddress } from '../core/model/address.ts';
import { emptyModel } from '../core/model/apply-command.ts';
import { fromDocument, toDocument } from '../core/model/document.ts';
import { type FileShare, shareOfModel } from '../core/model/file-share.ts';
import type { Address, Model, VirtualService } from '../core/model/model.ts';
import { MAX_MARK, PROTOCOLS } from '../core/model/service-key.ts';
import type { Remembered } from '../core/reconcile/memory.ts';
import { makeDirectory } from '../dataplane/make-directory.ts';

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
const VERSION = 1;

/** The file is there and is not what it should be; the message says where. */
export class StateFileError extends Error {
  constructor(path: string, found: string) {
    super(`${path}: ${found}. Nothing was changed; mend the file, or move it away to start with nothing configured`);
    this.name = 'StateFileError';
  }
}

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

  /** EMPTY_STATE where there is no file. Throws StateFileError. */
  load(): SavedState {
    const text = readIfThere(this.path);
    return text === undefined ? EMPTY_STATE : parseState(text, this.path);
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

const addressSchema = z.string().transform((text, context): Address => {
  const address = parseAddress(text);
  if (address !== null) return address;
  context.addIssue(`found ${JSON.stringify(text)}, expected an address`);
  return z.NEVER;
});
const portSchema = z.int().min(0).max(65535);
const idSchema = z.int().min(0);
const baselineSchema = z.union([
  z.tuple([idSchema, z.number(), z.number(), z.number(), z.number(), z.number()]),
  z.tuple([idSchema, z.number(), z.number(), z.number()]),
]);
const namedSlotSchema = z.strictObject({
  key: z.strictObject({ address: z.unknown(), port: z.unknown() }),
  id: z.unknown(),
});
/** Files of xlb 0.1 name the parts. */
const slotSchema = z
  .preprocess(
    (slot) => {
      const { success, data } = namedSlotSchema.safeParse(slot);
      return success ? [data.key.address, data.key.port, data.id] : slot;
    },
    z.tuple([addressSchema, portSchema, idSchema]),
  )
  .transform(([address, port, id]) => ({ key: { address, port }, id }));
const keySchema = z.union([
  z.strictObject({ protocol: z.enum(PROTOCOLS), address: addressSchema, port: portSchema }),
  z.strictObject({
    protocol: z.literal('fwmark'),
    family: z.union([z.literal(4), z.literal(6)]),
    mark: z.int().min(1).max(MAX_MARK),
  }),
]);

const secondsSchema = z.int().min(1).optional();
const configSchema = z.strictObject({
  path: z.string(),
  interfaces: z.array(z.string()),
  timeouts: z.strictObject({ tcp: secondsSchema, tcpFin: secondsSchema, udp: secondsSchema }),
  services: z.unknown(),
  /** Not in the files of xlb 0.1, nor is what follows. */
  syncs: z.boolean().optional(),
  marks: z.unknown().optional(),
  localAddresses: z.unknown().optional(),
});

const fileSchema = z.strictObject({
  version: z.literal(VERSION),
  document: z.unknown(),
  /** Not there where no file is in use, as in all states of xlb 0.1. */
  config: configSchema.optional(),
  changedAt: z.number().nullable(),
  interfaces: z.array(z.strictObject({ name: z.string(), mode: z.enum(['auto', 'native', 'generic']) })),
  table: z.string(),
  remembered: z.array(z.strictObject({ key: keySchema, id: idSchema, slots: z.array(slotSchema.nullable()) })),
  zeroed: z.strictObject({ services: z.array(baselineSchema), servers: z.array(baselineSchema) }),
});

/** Throws StateFileError that names `path` and the place in it. */
export function parseState(text: string, path: string): SavedState {
  const parsed = fileSchema.safeParse(parseJson(text, path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new StateFileError(path, `${z.core.toDotPath(issue?.path ?? []) || 'the file'}: ${issue?.message}`);
  }
  const { version: _, document, config, ...rest } = parsed.data;
  const model = modelOf(document, 'document', path);
  return { ...rest, model, config: config === undefined ? null : configOf(config, path) };
}

function configOf(config: z.output<typeof configSchema>, path: string): SavedConfig {
  const { path: file, interfaces, timeouts, syncs = false, ...objects } = config;
  const model = modelOf({ ...objects, tunnel: emptyModel.tunnel }, 'config', path);
  return { path: file, interfaces, share: shareOfModel(model, present(timeouts), syncs) };
}

function present({ tcp, tcpFin, udp }: z.output<typeof configSchema>['timeouts']): FileShare['timeouts'] {
  return { ...(tcp && { tcp }), ...(tcpFin && { tcpFin }), ...(udp && { udp }) };
}

function modelOf(document: unknown, name: string, path: string): Model {
  const loaded = fromDocument(document);
  if (!('error' in loaded)) return loaded.model;
  const { path: place, message } = loaded.error;
  throw new StateFileError(path, `${name}${place === '' ? '' : `.${place}`}: ${message}`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StateFileError(path, `is not JSON (${(error as Error).message})`);
  }
}
