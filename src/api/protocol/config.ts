/** The configuration file in use, and what another one changes. */
import * as z from 'zod';
import { changeSchema } from './changes.ts';
import { reportSchema } from './envelope.ts';
import { timeSchema } from './scalars.ts';

export const reloadRequestSchema = z.strictObject({
  file: z
    .string()
    .regex(/^\//, 'expected an absolute path')
    .optional()
    .describe('absolute path; where left out: the file in use'),
  dry_run: z.boolean().optional().describe('say what would change, and change nothing'),
  reset: z.boolean().optional().describe('undo what commands did to what the file names'),
  user: z.string().optional().describe('who asks'),
});

export const settingChangeSchema = z.object({
  action: z.enum(['add', 'change', 'delete']),
  block: z.string().describe('like "vrrp_instance VI_1 > virtual_ipaddress"; empty: the top of the file'),
  text: z.string().describe('like "priority 100 -> 50", or the line that comes or goes; empty: the block as a whole'),
});

export const reloadBodySchema = z.object({
  dry_run: z.boolean(),
  file: z.string(),
  changes: z.array(changeSchema).describe('of what runs'),
  settings: z.array(settingChangeSchema).describe('of the file, but for what changes tells'),
  report: z.string().describe('what xlbd -t prints of the file'),
  warnings: z.array(z.string()),
});

export const configBodySchema = z.object({
  file: z.string(),
  loaded_at: timeSchema,
  text: z.string().describe('the file written in one fixed way, includes and definitions followed'),
  model: z.record(z.string(), z.unknown()).describe('what it means, every default filled in'),
});

export const reloadReportSchema = reportSchema('reload', reloadBodySchema);
export const configReportSchema = reportSchema('config', configBodySchema);

export type SettingChange = z.output<typeof settingChangeSchema>;
export type ReloadReport = z.output<typeof reloadReportSchema>;
export type ConfigReport = z.output<typeof configReportSchema>;
