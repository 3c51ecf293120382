/** Takes the numbers out of recorded tables, so that a table in memory has the same: what is compared is how they are shown. */
import type { Connection } from '../../src/api/protocol/connections.ts';
import type { ServerReport, ServiceReport } from '../../src/api/protocol/services.ts';
import type { Address } from '../../src/core/model/model.ts';

export type Counters = Pick<ServiceReport, 'connections' | 'totals' | 'rates'> &
  Pick<ServerReport, 'persistent_connections'>;

/** What a table in numeric form shows of each service (`TCP 10.0.0.1:80`) and real server (the same, and its own). */
export function numbersOf(table: string): ReadonlyMap<string, Partial<Counters>> {
  return new Map([...tableRows(table)].map(([name, numbers]) => [name, counters(table, numbers)]));
}

/** Connections as a recorded -L -n -c shows them. */
export function connectionsOf(table: string): readonly Connection[] {
  const rows = table.matchAll(/^(TCP|UDP|SCTP|IP) +(\d+):(\d+) +(\S+) +(\S+) +(\S+) +(\S+)$/gm);
  return [...rows].map(([, protocol, minutes, seconds, state, client = '', virtual = '', server = '']) => ({
    protocol: protocol?.toLowerCase() as Connection['protocol'],
    client: parseEndpoint(client),
    virtual: parseEndpoint(virtual),
    server: parseEndpoint(server),
    service: '',
    state: state as Connection['state'],
    expires_s: Number(minutes) * 60 + Number(seconds),
    age_s: 0,
  }));
}

/** Numbers of each service and, behind its service, of each real server. */
function tableRows(table: string): ReadonlyMap<string, readonly number[]> {
  const rows = new Map<string, readonly number[]>();
  let service = '';
  for (const line of table.split('\n')) {
    const [, protocol, name, rest = ''] = /^(TCP|UDP|SCTP|FWM| {2}->) +(\S+(?: IPv6)?)(.*)$/.exec(line) ?? [];
    if (protocol === undefined) continue;
    const isServer = protocol === '  ->';
    if (!isServer) service = `${protocol} ${name}`;
    const numbers = (rest.match(/ \d+(?= |$)/g) ?? []).map(Number);
    rows.set(isServer ? `${service} ${name}` : service, numbers);
  }
  return rows;
}

function counters(table: string, numbers: readonly number[]): Partial<Counters> {
  const [connections = 0, packetsIn = 0, packetsOut = 0, bytesIn = 0, bytesOut = 0] = numbers;
  if (table.includes(' InPkts ')) {
    const totals = {
      connections_total: connections,
      packets_in_total: packetsIn,
      packets_out_total: packetsOut,
      bytes_in_total: bytesIn,
      bytes_out_total: bytesOut,
    };
    return { totals };
  }
  if (table.includes(' InPPS ')) {
    const rates = {
      connections_per_s: connections,
      packets_in_per_s: packetsIn,
      packets_out_per_s: packetsOut,
      bytes_in_per_s: bytesIn,
      bytes_out_per_s: bytesOut,
    };
    return { rates };
  }
  const [active = 0, inactive = 0] = numbers.slice(-2);
  if (table.includes(' PersistConn ')) {
    return { connections: { active, inactive }, persistent_connections: numbers.at(-3) ?? 0 };
  }
  return { connections: { active, inactive } };
}

function parseEndpoint(text: string): { address: Address; port: number } {
  const colon = text.lastIndexOf(':');
  const address = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return { address: address as Address, port: Number(text.slice(colon + 1)) };
}
