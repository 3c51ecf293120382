/** The report behind `xlb stats`: what became of every packet, by reason. */
import * as z from 'zod';
import { reportSchema } from './envelope.ts';
import { REASON_NAMES } from './reasons.ts';
import { countSchema, rateSchema, totalSchema } from './scalars.ts';
import { ratesSchema, totalsSchema } from './services.ts';

export const reasonSchema = z.enum(REASON_NAMES);

export const counterSchema = z.object({
  reason: reasonSchema,
  kind: z.enum(['forward', 'pass', 'drop', 'event']),
  text: z.string(),
  total: totalSchema,
  per_s: rateSchema,
});

export const statsBodySchema = z.object({
  totals: totalsSchema.describe('of all services together'),
  rates: ratesSchema,
  counters: z.array(counterSchema),
  table: z.object({
    entries: countSchema,
    capacity: countSchema,
    sweep_ms: z.number().nullable().describe('time of the last full pass over the table; null: none yet'),
  }),
});

export const statsReportSchema = reportSchema('stats', statsBodySchema);

export type Counter = z.output<typeof counterSchema>;
export type StatsReport = z.output<typeof statsReportSchema>;
