/** The lines of -S: what -R takes. Thresholds are not among them, as in ipvsadm. */
import { MH_SIZE_DEFAULT } from '../words.ts';
import type { NamedServer, NamedService } from './named.ts';
import { schedulerFlags } from './table.ts';

const PROTOCOL_OPTIONS = { tcp: '-t', udp: '-u' } as const;
const METHOD_OPTIONS = { dr: '-g', tun: '-i' } as const;

export function rulesText(services: readonly NamedService[]): string {
  return services.map(serviceRules).join('');
}

function serviceRules({ text, report, servers }: NamedService): string {
  const service = `${PROTOCOL_OPTIONS[report.protocol]} ${text}`;
  return [
    `-A ${service} -s ${report.scheduler}${schedulerOptions(report)}\n`,
    ...servers.map((server) => serverRule(service, server)),
  ].join('');
}

/** The ring's size only where it is not the kernel's: ipvsadm does not know the word. */
function schedulerOptions(report: NamedService['report']): string {
  const flags = schedulerFlags(report);
  const { ring_size } = report.options;
  const size = report.scheduler !== 'mh' || ring_size === MH_SIZE_DEFAULT ? '' : ` --mh-size ${ring_size}`;
  return `${flags && ` -b ${flags}`}${size}`;
}

function serverRule(service: string, { text, report }: NamedServer): string {
  const tunnel = report.method === 'tun' ? ' --tun-type ipip' : '';
  return `-a ${service} -r ${text} ${METHOD_OPTIONS[report.method]} -w ${report.weight.configured}${tunnel}\n`;
}
