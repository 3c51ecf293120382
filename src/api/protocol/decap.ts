/** What `xlb decap --json` prints on a real server. No daemon is there, so it has no epoch. */
import * as z from 'zod';
import { interfaceModeSchema } from './interfaces.ts';
import { addressSchema, timeSchema, totalSchema } from './scalars.ts';

export const decapReportSchema = z.object({
  schema: z.literal('xlb/1/decap'),
  time: timeSchema,
  host: z.string(),
  interface: z.string(),
  mode: interfaceModeSchema.nullable().describe('null: detached'),
  vips: z.array(addressSchema),
  gue_port: z.int().min(1).max(65535).nullable().describe("UDP's port of GUE; null: UDP is left alone"),
  counters: z.record(z.string(), totalSchema).describe('packets by outcome, since the program was attached'),
  warnings: z.array(z.string()),
});
