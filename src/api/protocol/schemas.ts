/** Every schema by the name that `xlb schema NAME` and the OpenAPI document use. */
import * as z from 'zod';
import { changesReportSchema, errorSchema, eventSchema, zeroedReportSchema } from './changes.ts';
import {
  attachRequestSchema,
  commandSchema,
  commandsRequestSchema,
  detachRequestSchema,
  zeroRequestSchema,
} from './command.ts';
import { configReportSchema, reloadReportSchema, reloadRequestSchema } from './config.ts';
import { connectionsReportSchema } from './connections.ts';
import { decapReportSchema } from './decap.ts';
import { doctorReportSchema } from './doctor.ts';
import { documentFileSchema, documentReportSchema } from './document.ts';
import { attachedReportSchema, detachedReportSchema, interfacesReportSchema } from './interfaces.ts';
import { localAddressesReportSchema } from './local-addresses.ts';
import { marksReportSchema } from './marks.ts';
import { serversReportSchema, serviceSingleReportSchema, servicesReportSchema } from './services.ts';
import { simulationReportSchema } from './simulation.ts';
import { statsReportSchema } from './stats.ts';
import { statusReportSchema } from './status.ts';
import { syncReportSchema } from './sync.ts';
import { vrrpReportSchema } from './vrrp.ts';

/** What the daemon answers; and `decap` and `simulation`, which no daemon makes. */
export const REPORTS = {
  attached: attachedReportSchema,
  changes: changesReportSchema,
  config: configReportSchema,
  connections: connectionsReportSchema,
  decap: decapReportSchema,
  detached: detachedReportSchema,
  doctor: doctorReportSchema,
  document: documentReportSchema,
  interfaces: interfacesReportSchema,
  'local-addresses': localAddressesReportSchema,
  marks: marksReportSchema,
  reload: reloadReportSchema,
  servers: serversReportSchema,
  service: serviceSingleReportSchema,
  services: servicesReportSchema,
  simulation: simulationReportSchema,
  stats: statsReportSchema,
  status: statusReportSchema,
  sync: syncReportSchema,
  vrrp: vrrpReportSchema,
  zeroed: zeroedReportSchema,
  error: errorSchema,
  event: eventSchema,
} as const;

/** What it takes. */
export const REQUESTS = {
  'attach-request': attachRequestSchema,
  command: commandSchema,
  'commands-request': commandsRequestSchema,
  'detach-request': detachRequestSchema,
  'document-file': documentFileSchema,
  'reload-request': reloadRequestSchema,
  'zero-request': zeroRequestSchema,
} as const;

export type ReportName = keyof typeof REPORTS;
export type Report<Name extends ReportName> = z.output<(typeof REPORTS)[Name]>;

/** The JSON schema (2020-12) of a report or request; undefined: no such name. */
export function jsonSchema(name: string): object | undefined {
  if (Object.hasOwn(REPORTS, name)) return z.toJSONSchema(REPORTS[name as ReportName], { io: 'input' });
  if (Object.hasOwn(REQUESTS, name)) return z.toJSONSchema(REQUESTS[name as keyof typeof REQUESTS], { io: 'input' });
  return undefined;
}

export const SCHEMA_NAMES: readonly string[] = [...Object.keys(REPORTS), ...Object.keys(REQUESTS)].sort();
