/** Reports on the local addresses of `fullnat`. */
import * as z from 'zod';
import { reportSchema } from './envelope.ts';
import { addressSchema, countSchema, portSchema } from './scalars.ts';
import { originSchema } from './services.ts';

export const localAddressReportSchema = z.object({
  address: addressSchema,
  service: z.string().nullable().describe('whose real servers; null: those of every service that has none of its own'),
  first_port: portSchema,
  last_port: portSchema,
  ports: countSchema.describe('that one real server can be reached by: one connection each'),
  interface: z.string().nullable().describe('where this machine has the address; null: it has it nowhere'),
  connections: countSchema.describe('that hold one of its ports, of all services; until the sweep after their end'),
  busiest: z
    .object({ server: z.string(), connections: countSchema })
    .nullable()
    .describe('the real server with most of them: at `ports` connections there is no room for another; null: none'),
  origin: originSchema.describe('whose the address is'),
});

export const localAddressesBodySchema = z.object({ local_addresses: z.array(localAddressReportSchema) });
export const localAddressesReportSchema = reportSchema('local-addresses', localAddressesBodySchema);

export type LocalAddressReport = z.output<typeof localAddressReportSchema>;
export type LocalAddressesReport = z.output<typeof localAddressesReportSchema>;
