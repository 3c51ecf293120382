/**
 * The document: everything that commands made, as `xlb save` prints it and
 * `xlb apply FILE.json` and `xlb restore` take it. Strict, because it is a request too.
 */
import * as z from 'zod';
import { adminRequestSchema, serverSpecSchema, serviceSpecSchema, tunnelSchema } from './command.ts';
import { reportSchema } from './envelope.ts';

export const documentServerSchema = z.strictObject({
  ...serverSpecSchema.shape,
  admin: adminRequestSchema.nullable().optional(),
});

export const documentServiceSchema = z.strictObject({
  ...serviceSpecSchema.shape,
  servers: z.array(documentServerSchema).describe('newest first, as listings show them'),
});

export const documentBodySchema = z.strictObject({
  services: z.array(documentServiceSchema),
  tunnel: tunnelSchema.optional(),
});

/** What a file may hold: the body, with or without the envelope that `save` puts around it. */
export const documentFileSchema = z.strictObject({
  schema: z.literal('xlb/1/document').optional(),
  time: z.string().optional(),
  host: z.string().optional(),
  epoch: z.number().optional(),
  ...documentBodySchema.shape,
});

export const documentReportSchema = reportSchema('document', documentBodySchema);

export type DocumentBody = z.input<typeof documentBodySchema>;
export type DocumentReport = z.output<typeof documentReportSchema>;
