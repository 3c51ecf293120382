/** The lines of -S: what -R takes. Thresholds are not among them, as in ipvsadm. */
import { MH_SIZE_DEFAULT } from '../words.ts';
import { maskText } from './mask.ts';
import { isIpv6, type NamedServer, type NamedService } from './named.ts';
import { schedulerFlags } from './table.ts';

const PROTOCOL_OPTIONS = { tcp: '-t', udp: '-u', sctp: '--sctp-service', fwmark: '-f' } as const;
const METHOD_OPTIONS = { dr: '-g', tun: '-i', nat: '-m', fullnat: '--fullnat' } as const;

export function rulesText(services: readonly NamedService[]): string {
  return services.map(serviceRules).join('');
}

function serviceRules({ text, report, servers }: NamedService): string {
  const service = `${PROTOCOL_OPTIONS[report.protocol]} ${serviceName(text, report)}`;
  return [
    `-A ${service} -s ${report.scheduler}${affinity(report)}${schedulerOptions(report)}\n`,
    ...servers.map((server) => serverRule(service, server)),
  ].join('');
}

/** A mark as -f takes it: unlike ipvsadm's, never a negative number. */
function serviceName(text: string, report: NamedService['report']): string {
  return report.mark === null ? text : `${report.mark}${isIpv6(report) ? ' -6' : ''}`;
}

function affinity({ persistence, engine, one_packet }: NamedService['report']): string {
  const words: string[] = [];
  if (persistence !== null) {
    words.push(` -p ${persistence.timeout_s}`);
    const mask = maskText(persistence.netmask);
    if (mask !== undefined) words.push(` -M ${mask}`);
  }
  if (engine !== null) words.push(` --pe ${engine}`);
  if (one_packet) words.push(' -o');
  return words.join('');
}

/** The ring's size only where it is not the kernel's: ipvsadm does not know the word. */
function schedulerOptions(report: NamedService['report']): string {
  const flags = schedulerFlags(report);
  const { ring_size } = report.options;
  const size = report.scheduler !== 'mh' || ring_size === MH_SIZE_DEFAULT ? '' : ` --mh-size ${ring_size}`;
  return `${flags && ` -b ${flags}`}${size}`;
}

function serverRule(service: string, { text, report }: NamedServer): string {
  const tunnel = report.method === 'tun' ? ` --tun-type ${tunnelOptions(report.encapsulation)}` : '';
  return `-a ${service} -r ${text} ${METHOD_OPTIONS[report.method]} -w ${report.weight.configured}${tunnel}\n`;
}

const CHECKSUM_OPTIONS = { none: '--tun-nocsum', full: '--tun-csum', remote: '--tun-remcsum' } as const;

function tunnelOptions(tunnel: NamedServer['report']['encapsulation']): string {
  if (tunnel === null) return 'ipip';
  const port = tunnel.type === 'gue' ? ` --tun-port ${tunnel.port}` : '';
  return `${tunnel.type}${port} ${CHECKSUM_OPTIONS[tunnel.checksum]}`;
}
