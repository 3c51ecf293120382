/** The report behind `xlb status`: one screen of state, causes and next steps. */
import * as z from 'zod';
import { syncDaemonSchema } from './command.ts';
import { reportSchema } from './envelope.ts';
import { interfaceModeSchema } from './interfaces.ts';
import { countSchema, methodSchema, rateSchema, schedulerSchema, timeSchema, totalSchema } from './scalars.ts';
import { reasonSchema } from './stats.ts';
import { vrrpStateSchema } from './vrrp.ts';

export const problemSchema = z.object({
  id: z.string().describe('stable name of the kind of problem, like next-hop-unresolved'),
  severity: z.enum(['warning', 'error']),
  subject: z.string().describe('what it is about, like "192.0.2.10:80/tcp > 10.0.0.13:80"'),
  since: timeSchema.nullable(),
  text: z.string().describe('the cause'),
  next: z.string().nullable().describe('the command to go on with'),
});

/** `ok`: no problem; `degraded`: something is wrong, traffic flows; `down`: a service or the data plane does not work. */
export const healthSchema = z.enum(['ok', 'degraded', 'down']);

const syncReportSchema = syncDaemonSchema.required();

export const statusBodySchema = z.object({
  health: healthSchema,
  version: z.string(),
  pid: countSchema,
  started_at: timeSchema,
  run_dir: z.string(),
  state: z.object({
    file: z.string().nullable().describe('where what commands and the file made is kept; null: nowhere'),
    changed_at: timeSchema.nullable().describe('when a command or a reload last changed something'),
  }),
  config: z
    .object({ file: z.string(), loaded_at: timeSchema })
    .nullable()
    .describe('the configuration file in use; null: none'),
  services: z.object({ up: countSchema, degraded: countSchema, down: countSchema }),
  servers: z.object({
    up: countSchema,
    draining: countSchema,
    quiesced: countSchema,
    unresolved: countSchema,
    unsupported: countSchema,
  }),
  traffic: z.object({
    packets_per_s: rateSchema,
    bits_per_s: rateSchema,
    connections_new_per_s: rateSchema,
    connections_active: countSchema,
    connections_inactive: countSchema,
  }),
  table: z.object({
    entries: countSchema,
    capacity: countSchema,
    placed_without_entry_total: totalSchema,
    evicted_total: totalSchema,
  }),
  timeouts: z.object({ tcp_s: countSchema, tcp_fin_s: countSchema, udp_s: countSchema }),
  sync_daemons: z.object({ master: syncReportSchema.nullable(), backup: syncReportSchema.nullable() }),
  drops: z.array(z.object({ reason: reasonSchema, total: totalSchema, per_s: rateSchema })),
  vrrp: z.array(z.object({ name: z.string(), state: vrrpStateSchema, since: timeSchema })),
  interfaces: z.array(z.object({ name: z.string(), mode: interfaceModeSchema.nullable() })),
  supported: z.object({ schedulers: z.array(schedulerSchema), methods: z.array(methodSchema) }),
  problems: z.array(problemSchema),
});

export const statusReportSchema = reportSchema('status', statusBodySchema);

export type Problem = z.output<typeof problemSchema>;
export type SyncDaemonReport = z.output<typeof syncReportSchema>;
export type Health = z.output<typeof healthSchema>;
export type StatusReport = z.output<typeof statusReportSchema>;
