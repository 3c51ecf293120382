/** Reads the state file: checked as a whole, by a library that a daemon without one does not load. */
import * as z from 'zod';
import { parseAddress } from '../core/model/address.ts';
import { emptyModel } from '../core/model/apply-command.ts';
import { fromDocument } from '../core/model/document.ts';
import { type FileShare, shareOfModel } from '../core/model/file-share.ts';
import type { Address, Model } from '../core/model/model.ts';
import { MAX_MARK, PROTOCOLS } from '../core/model/service-key.ts';
import type { SavedConfig, SavedState } from './state-file.ts';
import { StateFileError, VERSIONS } from './state-format.ts';

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
  version: z.literal(VERSIONS),
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
