/** The table of -L -c. */
import type { Connection } from '../../../api/protocol/connections.ts';
import type { Names } from '../names.ts';
import { endpointText } from './endpoint.ts';

/** @param engines with the columns of --persistent-conn */
export function connectionTitle(engines: boolean): string {
  const columns = 'pro expire state       source             virtual            destination';
  return `IPVS connection entries\n${engines ? `${columns}        pe name          pe_data` : columns}\n`;
}

/** @param names undefined: numbers */
export async function connectionLine(connection: Connection, names: Names | undefined): Promise<string> {
  const { protocol } = connection;
  // A template of a firewall mark belongs to all protocols, and to no port.
  const named = protocol === 'ip' ? undefined : protocol;
  const client = await endpointText(connection.client, named, names);
  const virtual = await endpointText(connection.virtual, named, names);
  const server = await endpointText(connection.server, named, names);
  const row = [
    protocol.toUpperCase().padEnd(3),
    expiry(connection.expires_s).padEnd(6),
    connection.state.padEnd(11),
    client.padEnd(18),
    virtual.padEnd(18),
    server,
  ];
  return `${row.join(' ')}\n`;
}

/** Minutes, which may be more than 59, and seconds. */
function expiry(seconds: number): string {
  return [Math.floor(seconds / 60), seconds % 60].map((part) => String(part).padStart(2, '0')).join(':');
}
