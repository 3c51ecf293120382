/** The report behind `xlb sync`: what directors tell each other of connections, and what that is worth. */
import * as z from 'zod';
import { reportSchema } from './envelope.ts';
import { addressSchema, countSchema, timeSchema } from './scalars.ts';

const daemonSchema = z.object({
  interface: z.string(),
  sync_id: z.int().min(0).max(255),
  group: addressSchema,
  port: z.int().min(1).max(65535),
});

export const syncBodySchema = z.object({
  master: daemonSchema.nullable(),
  backup: daemonSchema.nullable(),
  peers: z.array(addressSchema).describe('where datagrams go instead of the group'),
  authenticated: z.boolean(),
  problems: z.array(z.string()).describe('why nothing goes in or out'),
  sent: z
    .object({
      messages: countSchema,
      bytes: countSchema,
      connections: countSchema,
      templates: countSchema,
      failed: countSchema.describe('datagrams that the kernel did not take'),
      tables: countSchema.describe('how often the whole table was told'),
      telling: z
        .number()
        .min(0)
        .max(1)
        .nullable()
        .describe('how much of the table is told again by now; null: it is not'),
      last_at: timeSchema.nullable(),
    })
    .nullable()
    .describe('since the master daemon started; null: it does not run'),
  received: z
    .object({
      messages: countSchema,
      bytes: countSchema,
      records: z.record(z.string(), countSchema).describe('connections and templates, by what became of them'),
      refused: z.record(z.string(), countSchema).describe('datagrams that changed nothing, by reason'),
      senders: z.array(z.object({ address: addressSchema, messages: countSchema, last_at: timeSchema })),
    })
    .nullable()
    .describe('since the daemons started; null: none runs'),
  survival: z
    .object({
      connections: countSchema.describe('established here; of UDP all'),
      told: countSchema.describe('of those: sent as they are now, and not run out since'),
    })
    .describe('what another director could go on with if this one died now; nobody acknowledges'),
});

export const syncReportSchema = reportSchema('sync', syncBodySchema);

export type SyncReport = z.output<typeof syncReportSchema>;
