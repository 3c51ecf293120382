/** What `xlb simulate --json` prints. No daemon makes it, so it has no epoch. Shares and ratios are numbers from 0 on; 1 is all. */
import * as z from 'zod';
import { addressSchema, countSchema, portSchema, schedulerSchema, timeSchema } from './scalars.ts';

const shareSchema = z.number().min(0).max(1);
const serverSchema = z.object({ address: addressSchema, port: portSchema });

const partSchema = z.object({
  ...serverSchema.shape,
  weight: countSchema,
  fair_share: shareSchema.describe("the weight's part of all weights"),
  share: shareSchema.describe('of the connections that were placed'),
  ratio: z.number().min(0).nullable().describe('share / fair_share; null: no fair share'),
  connections_total: countSchema,
  active_peak: countSchema.describe('connections that were active at one time'),
});

const distributionSchema = z.object({
  skew: z.number().min(0).nullable().describe('the largest ratio; null: nothing was placed'),
  placed_total: countSchema,
  refused_total: countSchema,
  servers: z.array(partSchema).describe('in the order in which they were added'),
});

const changeSchema = z.object({
  removed: serverSchema,
  by: z.enum(['delete', 'drain', 'weight']),
  moved_share: shareSchema.describe('connections that are not placed as before, of all'),
  moved_total: countSchema,
  unavoidable_share: shareSchema.describe("the removed server's part of those"),
  unavoidable_total: countSchema,
  after: distributionSchema.describe('of the same connections, without the server'),
});

export const simulationReportSchema = z.object({
  schema: z.literal('xlb/1/simulation'),
  time: timeSchema,
  host: z.string(),
  scheduler: schedulerSchema,
  options: z.object({ port: z.boolean(), fallback: z.boolean(), ring_size: countSchema }),
  traffic: z.object({
    trace: z.string().nullable().describe('file that the connections came from; null: drawn'),
    seed: countSchema,
    connections_total: countSchema,
    clients_total: countSchema,
    destinations_total: countSchema,
    connections_per_s: z.number().positive().nullable().describe('in the mean; null: the trace says when they open'),
    duration_s: z
      .union([z.number().min(0), z.literal('forever')])
      .nullable()
      .describe('that they stay open in the mean, where the trace does not say; null: it always does'),
  }),
  before: distributionSchema,
  change: changeSchema.nullable(),
});

export type SimulationReport = z.output<typeof simulationReportSchema>;
