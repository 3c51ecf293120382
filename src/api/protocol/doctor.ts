/** The report behind `xlb doctor`: what an operator needs when something does not work. */
import * as z from 'zod';
import { reportSchema } from './envelope.ts';
import { countSchema } from './scalars.ts';

/** `skip`: it could not be looked at, and the text says why. */
export const checkStateSchema = z.enum(['ok', 'warn', 'fail', 'skip']);

export const doctorCheckSchema = z.object({
  id: z.string().describe('stable name of the kind of finding, like vip-two-holders'),
  state: checkStateSchema,
  subject: z.string().describe('what it is about, like "203.0.113.10" or "eth0"'),
  text: z.string().describe('what was found, and the cause'),
  next: z.string().nullable().describe('the command to go on with'),
});

export const doctorBodySchema = z.object({
  checks: z.array(doctorCheckSchema),
  ok: countSchema,
  warnings: countSchema,
  failed: countSchema,
  skipped: countSchema,
});

export const doctorReportSchema = reportSchema('doctor', doctorBodySchema);

export type DoctorCheck = z.output<typeof doctorCheckSchema>;
export type DoctorReport = z.output<typeof doctorReportSchema>;
