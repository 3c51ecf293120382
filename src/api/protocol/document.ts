/**
 * The document: everything that commands made, as `xlb save` prints it and
 * `xlb apply FILE.json` and `xlb restore` take it. Strict, because it is a request too.
 */
import * as z from 'zod';
import type { Command } from '../../core/model/command.ts';
import type { ServiceKey } from '../../core/model/model.ts';
import {
  adminRequestSchema,
  localAddressSchema,
  markRuleSchema,
  type ParsedCommand,
  serverSpecSchema,
  serviceFields,
  syncDaemonsSchema,
  sysctlsSchema,
  timeoutsSchema,
  tunnelSchema,
} from './command.ts';
import { reportSchema } from './envelope.ts';
import { withServiceKey } from './scalars.ts';
import { type Asker, commandFromWire } from './wire.ts';

export const documentServerSchema = z.strictObject({
  ...serverSpecSchema.shape,
  admin: adminRequestSchema.nullable().optional(),
});

export const documentServiceSchema = withServiceKey({
  ...serviceFields,
  servers: z.array(documentServerSchema).describe('newest first, as listings show them'),
});

export const documentBodySchema = z.strictObject({
  services: z.array(documentServiceSchema),
  marks: z.array(markRuleSchema).optional(),
  tunnel: tunnelSchema.optional(),
  timeouts: timeoutsSchema.optional(),
  sync_daemons: syncDaemonsSchema.optional(),
  sysctls: sysctlsSchema.optional(),
  local_addresses: z.array(localAddressSchema).optional(),
});

/** What a file may hold: the body, with or without the envelope that `save` puts around it. */
export const documentFileSchema = z.strictObject({
  schema: z.literal('xlb/1/document').optional(),
  time: z.string().optional(),
  host: z.string().optional(),
  epoch: z.number().optional(),
  ...documentBodySchema.shape,
});

export const documentReportSchema = reportSchema('document', documentBodySchema);

export type DocumentBody = z.input<typeof documentBodySchema>;
export type DocumentReport = z.output<typeof documentReportSchema>;

/**
 * The commands that make services, mark rules, tunnel, timeouts, sysctls and local addresses those of the document. A
 * document lists servers newest first; `replace` takes them in the order in
 * which they are added.
 */
export function documentCommands(document: z.output<typeof documentFileSchema>, asker: Asker): Command[] {
  const commands: ParsedCommand[] = [];
  if (document.tunnel !== undefined) commands.push({ type: 'tunnel.set', tunnel: document.tunnel });
  if (document.timeouts !== undefined) commands.push({ type: 'timeouts.set', timeouts: document.timeouts });
  if (document.sync_daemons !== undefined) commands.push({ type: 'sync.set', daemons: document.sync_daemons });
  if (document.sysctls !== undefined) commands.push({ type: 'sysctl.set', values: document.sysctls });
  if (document.marks !== undefined) commands.push({ type: 'mark.set', rules: document.marks });
  const services = document.services.map((service) => ({
    ...service,
    servers: service.servers.map(({ admin: _, ...server }) => server).reverse(),
  }));
  commands.push({ type: 'replace', services });
  if (document.local_addresses !== undefined) {
    commands.push({ type: 'local.set', addresses: document.local_addresses });
  }
  for (const service of document.services) {
    for (const server of service.servers.filter(({ admin }) => admin != null)) {
      const key = { address: server.address, port: server.port };
      const drain = { type: 'server.drain', server: key, admin: server.admin ?? null } as const;
      commands.push({ ...drain, service: keyOf(service) });
    }
  }
  return commands.map((command) => commandFromWire(command, asker));
}

function keyOf(service: z.output<typeof documentServiceSchema>): ServiceKey {
  if (service.protocol === 'fwmark') return { protocol: 'fwmark', family: service.family, mark: service.mark };
  return { protocol: service.protocol, address: service.address, port: service.port };
}
