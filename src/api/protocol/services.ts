/** Reports on virtual services and their real servers. */
import * as z from 'zod';
import { encapsulationSchema, engineSchema } from './command.ts';
import { reportSchema } from './envelope.ts';
import {
  addressSchema,
  countSchema,
  markSchema,
  methodSchema,
  portSchema,
  protocolSchema,
  rateSchema,
  schedulerSchema,
  timeSchema,
  totalSchema,
} from './scalars.ts';

/** Connections as IPVS counts them. */
export const connectionCountsSchema = z.object({ active: countSchema, inactive: countSchema });

/** Since the start or the last `zero`. Only replies of `nat` pass the director: else `_out` is 0. Bytes are IP bytes. */
export const totalsSchema = z.object({
  connections_total: totalSchema,
  packets_in_total: totalSchema,
  packets_out_total: totalSchema,
  bytes_in_total: totalSchema,
  bytes_out_total: totalSchema,
});

/** Averaged as IPVS's estimator does it. */
export const ratesSchema = z.object({
  connections_per_s: rateSchema,
  packets_in_per_s: rateSchema,
  packets_out_per_s: rateSchema,
  bytes_in_per_s: rateSchema,
  bytes_out_per_s: rateSchema,
});

export const adminStateSchema = z.object({
  action: z.literal('drain'),
  by: z.string(),
  at: timeSchema,
  reason: z.string(),
});

/**
 * - `up`: takes new connections
 * - `draining`: healthy, held back by an operator; keeps its connections
 * - `quiesced`: configured with weight 0; keeps its connections
 * - `unsupported`: kept and listed; its packets come with a later version
 * - `unresolved`: the next hop's MAC address is not known, or there is no route
 */
export const effectiveStateSchema = z.enum(['up', 'draining', 'quiesced', 'unresolved', 'unsupported']);

export const nextHopSchema = z.object({
  interface: z.string().nullable().describe('where frames leave; null: no route'),
  gateway: z.string().nullable().describe('address whose MAC is used, where it is not the real server itself'),
  mac: z.string().nullable(),
  mtu: countSchema.nullable().describe('bytes: largest IP packet, outer header included'),
  neighbour: z
    .string()
    .nullable()
    .describe('kernel state in lower case: reachable, stale, delay, probe, permanent, noarp, incomplete, failed'),
  reason: z.string().nullable().describe('why it is not resolved; null: it is'),
});

/** `file`: the configuration file names it. */
export const originSchema = z.enum(['file', 'command']);

export const serverReportSchema = z.object({
  address: addressSchema,
  port: portSchema,
  id: countSchema.nullable().describe('index of its statistics in the data plane; null: it has no packets there'),
  method: methodSchema,
  encapsulation: encapsulationSchema.nullable().describe('tunnel; null: IP in IP, or none'),
  weight: z.object({
    configured: countSchema,
    admin: countSchema.nullable().describe("an operator's override; null: none"),
    effective: countSchema,
  }),
  state: z.object({
    effective: effectiveStateSchema,
    admin: adminStateSchema.nullable(),
    since: timeSchema.nullable().describe('when the effective state began; null: not known'),
  }),
  connections: connectionCountsSchema,
  totals: totalsSchema,
  rates: ratesSchema,
  persistent_connections: countSchema.describe('templates of persistence that name it'),
  upper_threshold: countSchema,
  lower_threshold: countSchema,
  next_hop: nextHopSchema,
  origin: originSchema,
});

/** 0 and an empty list: no limit. `met`: opening packets since the start or the last change of the service's id. */
export const limitsReportSchema = z.object({
  rate: countSchema,
  burst: countSchema,
  source_rate: countSchema,
  source_burst: countSchema,
  connections: countSchema,
  source_connections: countSchema,
  allow: z.array(z.string()),
  deny: z.array(z.string()),
  counted_connections: countSchema.describe('opened under a limit, and not closing'),
  met: z.object({
    over_rate_total: totalSchema,
    over_connections_total: totalSchema,
    over_source_rate_total: totalSchema,
    over_source_connections_total: totalSchema,
    denied_total: totalSchema,
  }),
});

/** `up`: every real server is; `degraded`: some are; `down`: none takes connections. */
export const serviceStateSchema = z.enum(['up', 'degraded', 'down']);

export const serviceReportSchema = z.object({
  name: z.string().describe('address:port/protocol, as every command takes it'),
  protocol: z.enum([...protocolSchema.options, 'fwmark']),
  address: addressSchema.describe('of a mark 0.0.0.0 or ::, by its family'),
  port: portSchema,
  mark: markSchema.nullable().describe('firewall mark; null: a service at an address'),
  id: countSchema.nullable().describe('index of its statistics in the data plane; null: it has no packets there'),
  scheduler: schedulerSchema,
  options: z.object({ port: z.boolean(), fallback: z.boolean(), ring_size: countSchema }),
  persistence: z.object({ timeout_s: countSchema, netmask: addressSchema }).nullable().describe('null: none'),
  one_packet: z.boolean().describe('each datagram is placed by itself'),
  engine: engineSchema.nullable().describe('persistence engine; null: none'),
  limits: limitsReportSchema.nullable().describe('of new connections; null: none'),
  toa: z.boolean().optional().describe('fullnat: real servers are told the client in a TCP option'),
  state: serviceStateSchema,
  servers_up: countSchema,
  servers_total: countSchema,
  connections: connectionCountsSchema,
  totals: totalsSchema,
  rates: ratesSchema,
  unrecorded_until: timeSchema
    .nullable()
    .describe('until then packets without an entry follow the fallback ring; null: they do not'),
  origin: originSchema,
  servers: z.array(serverReportSchema).describe("IPVS's list order: newest first"),
});

export const servicesBodySchema = z.object({ services: z.array(serviceReportSchema) });
export const serviceBodySchema = z.object({ service: serviceReportSchema });
export const serversBodySchema = z.object({
  servers: z.array(z.object({ service: z.string(), ...serverReportSchema.shape })),
});

export const servicesReportSchema = reportSchema('services', servicesBodySchema);
export const serviceSingleReportSchema = reportSchema('service', serviceBodySchema);
export const serversReportSchema = reportSchema('servers', serversBodySchema);

export type ConnectionCounts = z.output<typeof connectionCountsSchema>;
export type Totals = z.output<typeof totalsSchema>;
export type Rates = z.output<typeof ratesSchema>;
export type NextHopReport = z.output<typeof nextHopSchema>;
export type EffectiveState = z.output<typeof effectiveStateSchema>;
export type ServiceState = z.output<typeof serviceStateSchema>;
export type ServerReport = z.output<typeof serverReportSchema>;
export type ServiceReport = z.output<typeof serviceReportSchema>;
export type ServicesReport = z.output<typeof servicesReportSchema>;
export type ServersReport = z.output<typeof serversReportSchema>;
