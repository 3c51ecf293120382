/** Services and real servers with the text of their addresses. */
import type { ServerReport, ServiceReport } from '../../../api/protocol/services.ts';
import type { Names } from '../names.ts';
import { endpointText } from './endpoint.ts';
import { compareServers, compareServices, sortAsQsort } from './sort.ts';

export interface NamedServer {
  readonly text: string;
  readonly report: ServerReport;
}

export interface NamedService {
  readonly text: string;
  readonly report: ServiceReport;
  readonly servers: readonly NamedServer[];
}

/** Whether a service's addresses are IPv6's. */
export function isIpv6({ address }: Pick<ServiceReport, 'address'>): boolean {
  return address.includes(':');
}

function markText({ mark }: ServiceReport): string {
  // ipvsadm prints it as a signed number.
  return String((mark ?? 0) | 0);
}

export interface NameOptions {
  /** undefined: numbers. */
  readonly names: Names | undefined;
  /** False: services as they were added, real servers newest first. */
  readonly sorted: boolean;
}

export function nameServices(services: readonly ServiceReport[], options: NameOptions): Promise<NamedService[]> {
  const ordered = options.sorted ? sortAsQsort(services, compareServices) : services;
  return Promise.all(ordered.map((report) => nameService(report, options)));
}

async function nameService(report: ServiceReport, { names, sorted }: NameOptions): Promise<NamedService> {
  const protocol = report.protocol === 'fwmark' ? undefined : report.protocol;
  const servers = sorted ? sortAsQsort(report.servers, compareServers) : report.servers;
  return {
    text: protocol === undefined ? markText(report) : await endpointText(report, protocol, names),
    report,
    servers: await Promise.all(
      servers.map(async (server) => ({
        text: await endpointText(server, protocol, names),
        report: server,
      })),
    ),
  };
}
