/** The tables of -L, line by line. Blanks at the ends of lines are ipvsadm's. */

import type { Rates, Totals } from '../../../api/protocol/services.ts';
import { hashesSource } from '../../../core/model/schedulers.ts';
import { maskText } from './mask.ts';
import { isIpv6, type NamedServer, type NamedService } from './named.ts';
import { largeNumber, wholeByteRate, wholeRate } from './numbers.ts';

export type Columns = 'plain' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'tun-info';

export interface TableOptions {
  readonly columns: Columns;
  /** All digits of numbers. */
  readonly exact: boolean;
}

const FORWARD = { dr: 'Route', tun: 'Tunnel', nat: 'Masq', fullnat: 'FullNat' } as const;

/** Above all services; ipvsadm leaves it out where one is asked for. */
export function versionLine(tableSize: number): string {
  return `IP Virtual Server version 1.2.1 (size=${tableSize})\n`;
}

export function tableText(services: readonly NamedService[], options: TableOptions): string {
  return titleLines(options.columns) + services.map((service) => serviceText(service, options)).join('');
}

function titleLines(columns: Columns): string {
  switch (columns) {
    case 'stats':
      return wideTitle(numberTitles('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'));
    case 'rate':
      return wideTitle(numberTitles('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'));
    case 'thresholds':
      return wideTitle('Uthreshold Lthreshold ActiveConn InActConn ');
    case 'persistent-conn':
      return wideTitle('Weight    PersistConn ActiveConn InActConn ');
    case 'tun-info':
      return `${NARROW_TITLE}Forward TunnelInfo    Weight ActiveConn InActConn\n`;
    case 'plain':
      return `${NARROW_TITLE}Forward Weight ActiveConn InActConn\n`;
  }
}

const NARROW_TITLE = 'Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           ';

function wideTitle(titles: string): string {
  return `${'Prot LocalAddress:Port'.padEnd(33)} ${titles}\n  -> RemoteAddress:Port\n`;
}

function numberTitles(...titles: readonly string[]): string {
  return titles.map((title) => title.padStart(8)).join(' ');
}

function serviceText(service: NamedService, options: TableOptions): string {
  return serviceLine(service, options) + service.servers.map((server) => serverLine(server, options)).join('');
}

function serviceLine({ text, report }: NamedService, { columns, exact }: TableOptions): string {
  const label = serviceLabel(text, report);
  const cut = isIpv6(report) ? label : label.slice(0, 33);
  if (columns === 'stats') return `${cut.padEnd(33)}${totalNumbers(report.totals, exact)}\n`;
  if (columns === 'rate') {
    const { packets, bytes } = rateNumbers(report.rates);
    return `${cut.padEnd(33)}${[...packets, ...bytes].map((value) => largeNumber(value, exact)).join('')}\n`;
  }
  const flags = schedulerFlags(report);
  return `${cut} ${report.scheduler}${flags && ` (${flags})`}${affinityText(report)}\n`;
}

function serviceLabel(text: string, report: NamedService['report']): string {
  if (report.mark === null) return `${report.protocol.toUpperCase().padEnd(4)} ${text}`;
  return `FWM  ${text}${isIpv6(report) ? ' IPv6' : ''}`;
}

/** An engine shows only with -p: ipvsadm looks for it nowhere else. */
function affinityText({ persistence, engine, one_packet }: NamedService['report']): string {
  const words: string[] = [];
  if (persistence !== null) {
    words.push(` persistent ${persistence.timeout_s}`);
    const mask = maskText(persistence.netmask);
    if (mask !== undefined) words.push(` mask ${mask}`);
    if (engine !== null) words.push(` pe ${engine}`);
  }
  if (one_packet) words.push(' ops');
  return words.join('');
}

/** As -b takes them; empty: none. Schedulers that do not hash have them by the kernel's names. */
export function schedulerFlags({ scheduler, options }: Pick<NamedService['report'], 'scheduler' | 'options'>): string {
  const [fallback, port] = hashesSource(scheduler)
    ? [`${scheduler}-fallback`, `${scheduler}-port`]
    : ['flag-1', 'flag-2'];
  return [options.fallback ? [fallback] : [], options.port ? [port] : []].flat().join(',');
}

function serverLine({ text, report }: NamedServer, { columns, exact }: TableOptions): string {
  const cut = report.address.includes(':') ? text : text.slice(0, 28);
  return `  -> ${cut.padEnd(28)}${serverColumns(report, columns, exact)}\n`;
}

function serverColumns(report: NamedServer['report'], columns: Columns, exact: boolean): string {
  const { active, inactive } = report.connections;
  // A drained server shows 0, as a quiesced one does.
  const weight = report.weight.admin ?? report.weight.configured;
  const counts: Cell[] = [[active, 10], [inactive, 10]]; // biome-ignore format: one line
  switch (columns) {
    case 'stats':
      return totalNumbers(report.totals, exact);
    case 'rate': {
      const { packets, bytes } = rateNumbers(report.rates);
      // Unlike a service's, a real server's packet rates are always exact.
      const exactly = packets.map((value) => ` ${String(value).padStart(8)}`);
      return exactly.join('') + bytes.map((value) => largeNumber(value, exact)).join('');
    }
    case 'thresholds':
      return cells([report.upper_threshold, 10], [report.lower_threshold, 10], ...counts);
    case 'persistent-conn':
      return cells([weight, 9], [report.persistent_connections, 11], ...counts);
    case 'tun-info':
      return cells([FORWARD[report.method], 7], [tunnelText(report), 13], [weight, 6], ...counts);
    case 'plain':
      return cells([FORWARD[report.method], 7], [weight, 6], ...counts);
  }
}

const CHECKSUMS = { none: '-c', full: '+c', remote: 'r+c' } as const;

function tunnelText({ method, encapsulation: tunnel }: NamedServer['report']): string {
  if (method !== 'tun') return 'n/a';
  if (tunnel === null) return 'ipip';
  const port = tunnel.type === 'gue' ? `:${tunnel.port}` : '';
  return `${tunnel.type}${port}:${CHECKSUMS[tunnel.checksum]}`;
}

/** A value and its width. */
type Cell = readonly [value: string | number, width: number];

function cells(...row: readonly Cell[]): string {
  return row.map(([value, width]) => ` ${String(value).padEnd(width)}`).join('');
}

function totalNumbers(totals: Totals, exact: boolean): string {
  return [
    totals.connections_total,
    totals.packets_in_total,
    totals.packets_out_total,
    totals.bytes_in_total,
    totals.bytes_out_total,
  ]
    .map((total) => largeNumber(total, exact))
    .join('');
}

function rateNumbers(rates: Rates): { packets: readonly number[]; bytes: readonly number[] } {
  return {
    packets: [rates.connections_per_s, rates.packets_in_per_s, rates.packets_out_per_s].map(wholeRate),
    bytes: [rates.bytes_in_per_s, rates.bytes_out_per_s].map(wholeByteRate),
  };
}
