/** Reports on the interfaces that the data plane is attached to. */
import * as z from 'zod';
import { reportSchema } from './envelope.ts';
import { countSchema } from './scalars.ts';

/** `native`: in the driver. `generic`: in the network stack, several times the cost. */
export const interfaceModeSchema = z.enum(['native', 'generic']);

export const interfaceReportSchema = z.object({
  name: z.string(),
  ifindex: countSchema.nullable().describe('null: the interface is not there now'),
  mac: z.string().nullable(),
  mtu: countSchema.nullable().describe('bytes'),
  up: z.boolean().describe('administratively up, with carrier'),
  mode: interfaceModeSchema.nullable().describe('null: not attached'),
  requested: z.enum(['native', 'generic', 'auto']),
  fragments: z.boolean().describe('the program takes frames of more than one page'),
  problem: z.string().nullable().describe('why it is not attached, or what is wrong with it'),
});

export const interfacesBodySchema = z.object({ interfaces: z.array(interfaceReportSchema) });
export const attachedBodySchema = z.object({
  interface: interfaceReportSchema,
  warnings: z.array(z.string()),
});
export const detachedBodySchema = z.object({ interface: z.string() });

export const interfacesReportSchema = reportSchema('interfaces', interfacesBodySchema);
export const attachedReportSchema = reportSchema('attached', attachedBodySchema);
export const detachedReportSchema = reportSchema('detached', detachedBodySchema);

export type InterfaceMode = z.output<typeof interfaceModeSchema>;
export type InterfaceReport = z.output<typeof interfaceReportSchema>;
export type InterfacesReport = z.output<typeof interfacesReportSchema>;
export type AttachedReport = z.output<typeof attachedReportSchema>;
