/** Answers to requests that change something, events, and errors. */
import * as z from 'zod';
import { reportSchema } from './envelope.ts';
import { countSchema, timeSchema } from './scalars.ts';

/** One line of what a request changes (or would change): `+`, `~`, `-` in text. */
export const changeSchema = z.object({
  action: z.enum(['add', 'change', 'delete']),
  kind: z.enum(['service', 'server', 'mark', 'tunnel', 'timeouts', 'sync', 'sysctl', 'local address']),
  service: z.string().nullable().describe('name of the service; null: not about one'),
  server: z.string().nullable().describe('address:port of the real server; null: not about one'),
  text: z.string().describe('what becomes of it, like "weight 10 -> 0"; empty where the action says all'),
});

export const changesBodySchema = z.object({
  dry_run: z.boolean(),
  changes: z.array(changeSchema),
  warnings: z.array(z.string()),
});

export const zeroedBodySchema = z.object({ services: countSchema.describe('how many were zeroed') });

export const changesReportSchema = reportSchema('changes', changesBodySchema);
export const zeroedReportSchema = reportSchema('zeroed', zeroedBodySchema);

/**
 * - `change`: a command changed the model
 * - `state`: a real server's effective state changed
 * - `interface`: the data plane was attached, detached, or lost its interface
 * - `problem`, `problem-over`: an entry of status' problems came or went
 */
export const eventSchema = z.object({
  type: z.enum(['change', 'state', 'interface', 'problem', 'problem-over']),
  time: timeSchema,
  epoch: countSchema,
  subject: z.string(),
  text: z.string(),
  user: z.string().nullable().describe('who asked; null: nobody did'),
});

export const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    path: z.string().describe('where in the request, like commands[0].server.weight; empty: as a whole'),
  }),
});

export type Change = z.output<typeof changeSchema>;
export type ChangesReport = z.output<typeof changesReportSchema>;
export type ZeroedReport = z.output<typeof zeroedReportSchema>;
export type Event = z.output<typeof eventSchema>;
export type ErrorReport = z.output<typeof errorSchema>;
