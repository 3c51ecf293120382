/** The report behind `xlb vrrp`: what each VRRP instance is, since when, and why. */
import * as z from 'zod';
import { reportSchema } from './envelope.ts';
import { addressSchema, countSchema, timeSchema } from './scalars.ts';

export const vrrpStateSchema = z.enum(['INIT', 'BACKUP', 'MASTER', 'FAULT']);

const prioritySchema = z.int().min(0).max(255);

export const vrrpTransitionSchema = z.object({
  time: timeSchema,
  from: vrrpStateSchema,
  to: vrrpStateSchema,
  priority: prioritySchema.describe('effective, at that time'),
  cause: z.string(),
});

export const vrrpTrackerSchema = z.object({
  kind: z.enum(['interface', 'source', 'script', 'process', 'file', 'virtual-server']),
  name: z.string(),
  status: z.union([z.enum(['pending', 'up', 'down']), z.number()]).describe('a file has a number'),
  weight: z.int().describe('0: a condition, whose failure is FAULT'),
  adds: z.int().describe('what it adds to the priority now'),
});

export const vrrpPeerSchema = z.object({
  address: addressSchema,
  priority: prioritySchema.describe('as its last advertisement said, accepted or not'),
  heard_at: timeSchema,
});

export const vrrpInstanceSchema = z.object({
  name: z.string(),
  vrid: z.int().min(1).max(255),
  version: z.union([z.literal(2), z.literal(3)]),
  interface: z.string(),
  source: addressSchema.nullable().describe('where advertisements come from; null: no address is there'),
  group: z.string().nullable().describe('its synchronization group'),
  state: vrrpStateSchema,
  since: timeSchema,
  reason: z.string(),
  faults: z.array(z.string()).describe('conditions that fail'),
  priority: z.object({ base: prioritySchema, effective: prioritySchema }),
  interval_s: z.number(),
  trackers: z.array(vrrpTrackerSchema),
  addresses: z.array(addressSchema).describe('those that advertisements name'),
  master: z.object({ address: addressSchema, priority: prioritySchema }).nullable().describe('null: itself, or none'),
  peers: z.array(vrrpPeerSchema),
  refused: z.record(z.string(), countSchema).describe('advertisements that were not accepted, by reason'),
  transitions: z.array(vrrpTransitionSchema).describe('the last 20, oldest first'),
});

export const vrrpBodySchema = z.object({ instances: z.array(vrrpInstanceSchema) });

export const vrrpReportSchema = reportSchema('vrrp', vrrpBodySchema);

export type VrrpInstance = z.output<typeof vrrpInstanceSchema>;
export type VrrpReport = z.output<typeof vrrpReportSchema>;
