/** Mark rules as listings show them. */
import * as z from 'zod';
import { reportSchema } from './envelope.ts';
import { markSchema, portsSchema, prefixSchema, protocolSchema } from './scalars.ts';

export const markReportSchema = z.object({
  destination: prefixSchema,
  source: prefixSchema.nullable().describe('null: from anywhere'),
  protocols: z.array(protocolSchema).describe('empty: all'),
  ports: z.array(portsSchema).describe('empty: all'),
  mark: markSchema,
  service: z.string().nullable().describe('of the packets, like 5/fwmark; null: there is none'),
  origin: z.enum(['file', 'command']).describe('whose the rule is'),
});

export const marksBodySchema = z.object({ marks: z.array(markReportSchema) });
export const marksReportSchema = reportSchema('marks', marksBodySchema);

export type MarkReport = z.output<typeof markReportSchema>;
export type MarksReport = z.output<typeof marksReportSchema>;
