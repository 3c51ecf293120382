/** Reports on single connections, and the filter that the daemon evaluates. */
import * as z from 'zod';
import { SHOWN_STATES } from './connection-states.ts';
import { reportSchema } from './envelope.ts';
import { addressSchema, countSchema, portSchema, protocolSchema } from './scalars.ts';

const endpointSchema = z.object({ address: addressSchema, port: portSchema });

export const connectionSchema = z.object({
  protocol: z.enum([...protocolSchema.options, 'ip']).describe('ip: a template of a firewall mark'),
  client: endpointSchema,
  virtual: endpointSchema,
  server: endpointSchema,
  local: endpointSchema.optional().describe('fullnat: what its packets leave the director by'),
  service: z.string().describe('name of the service it belongs to'),
  state: z.enum(SHOWN_STATES),
  expires_s: countSchema,
  age_s: countSchema,
});

/** `truncated`: the limit was reached, or the table changed owner while it was read; the list is not all there is. */
export const connectionsBodySchema = z.object({
  connections: z.array(connectionSchema),
  truncated: z.boolean(),
});

export const connectionsReportSchema = reportSchema('connections', connectionsBodySchema);

export type Connection = z.output<typeof connectionSchema>;
export type ConnectionsReport = z.output<typeof connectionsReportSchema>;
