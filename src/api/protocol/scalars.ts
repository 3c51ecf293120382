/**
 * The small values that requests and reports are made of: addresses, ports,
 * keys, times. On the wire every field name is in snake_case, numbers are
 * numbers, and units stand in the name (`_s`, `_bytes`, `_per_s`, `_total`).
 */
import * as z from 'zod';
import { parsePorts } from '../../core/model/mark-rule.ts';
import { METHODS } from '../../core/model/methods.ts';
import type { Address } from '../../core/model/model.ts';
import { parsePrefix } from '../../core/model/prefix.ts';
import { SCHEDULER_NAMES } from '../../core/model/schedulers.ts';
import { PROTOCOLS } from '../../core/model/service-key.ts';
import { canonicalAddress } from './address.ts';

/** A protocol name; what it stands for is the value of the IP header's protocol field. */
export const protocolSchema = z.enum(PROTOCOLS);
export const methodSchema = z.enum(METHODS);
export const schedulerSchema = z.enum(SCHEDULER_NAMES);

/**
 * An IPv4 or IPv6 address as a request writes it; parsing makes it canonical.
 * (`overwrite` keeps the JSON schema a plain string; the cast adds core's brand.)
 */
export const addressSchema = z
  .string()
  .max(64)
  .refine((text) => canonicalAddress(text) !== undefined, { error: 'expected an IPv4 or IPv6 address' })
  .overwrite((text) => canonicalAddress(text) ?? text)
  .describe('IPv4 or IPv6 address') as unknown as z.ZodType<Address, string>;

/** Host order. */
export const portSchema = z.int().min(0).max(65535);

/** Port 0: every port of the address that has no service of its own. */
export const addressKeySchema = z.strictObject({
  protocol: protocolSchema,
  address: addressSchema,
  port: portSchema,
});

export const familySchema = z.union([z.literal(4), z.literal(6)]);
export const markSchema = z.int().min(1).max(4294967295);

/** All packets that carry a firewall mark; IPv4 and IPv6 have marks of their own. */
export const markKeySchema = z.strictObject({
  protocol: z.literal('fwmark'),
  family: familySchema,
  mark: markSchema,
});

export const serviceKeySchema = z.discriminatedUnion('protocol', [addressKeySchema, markKeySchema]);

/** A service's key and more fields. */
export function withServiceKey<Fields extends z.core.$ZodLooseShape>(fields: Fields) {
  return z.discriminatedUnion('protocol', [
    z.strictObject({ ...addressKeySchema.shape, ...fields }),
    z.strictObject({ ...markKeySchema.shape, ...fields }),
  ]);
}

/** In requests the port may be left out: it is the service's. */
export const serverKeySchema = z.strictObject({
  address: addressSchema,
  port: portSchema.optional().describe("the service's where left out"),
});

/** `203.0.113.0/24`; a whole address stands without its length. */
export const prefixSchema = z
  .string()
  .max(64)
  .refine((text) => parsePrefix(text) !== null, { error: 'expected an IPv4 or IPv6 prefix, like 192.0.2.0/24' })
  .describe('IPv4 or IPv6 prefix; an address stands for itself');

export const portsSchema = z
  .string()
  .max(11)
  .refine((text) => parsePorts(text)?.length === 1, { error: 'expected a port or a range like 8000-8100' })
  .describe('a port, or a range like 8000-8100');

/** RFC 3339, UTC, milliseconds. */
export const timeSchema = z.iso.datetime();

/** A total since the start or the last `zero`; never negative. */
export const totalSchema = z.number().min(0);
/** A rate; averaged as IPVS's estimator does it. */
export const rateSchema = z.number().min(0);
export const countSchema = z.int().min(0);
