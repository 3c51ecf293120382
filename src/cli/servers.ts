/** `xlb servers`: real servers, and where their packets go. */
import { Command } from 'commander';
import type { NextHopReport, ServersReport } from '../api/protocol/services.ts';
import type { ServiceKey } from '../core/model/model.ts';
import { serverKeyText } from '../core/model/service-key.ts';
import type { Env } from './env.ts';
import { type Column, type Row, table } from './format/table.ts';
import { tsv } from './format/tsv.ts';
import { si } from './format/units.ts';
import { type Noun, type NounOptions, showNoun, type View, withNounOptions } from './noun.ts';
import { STATE_TONES, stateText } from './server-state.ts';
import { serviceArgument } from './usage.ts';

type Server = ServersReport['servers'][number];

export function serversCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('servers'))
    .description('real servers with their state and next hop')
    .argument('[service]', 'only those of this service, like 192.0.2.10:80/tcp', serviceArgument)
    .action(async (key: ServiceKey | undefined, options: NounOptions) =>
      exit(await showNoun(env, options, serversNoun(key))),
    );
}

function serversNoun(key: ServiceKey | undefined): Noun<ServersReport> {
  return {
    fetch: (client) => client.servers(key),
    text: ({ servers }, view) => serversText(servers, view),
    tsv: ({ servers }) => tsv(TSV_TITLES, servers.map(serverRecord)),
  };
}

const COLUMNS: readonly Column[] = [
  { title: 'REAL SERVER', min: 22 },
  { title: 'METHOD' },
  { title: 'WEIGHT', align: 'right' },
  { title: 'STATE', min: 12 },
  { title: 'ACTIVE', align: 'right' },
  { title: 'NEXT HOP', min: 30 },
];

function serversText(servers: readonly Server[], view: View): string {
  if (servers.length === 0) return 'no real servers (xlb server add 192.0.2.10:80/tcp 10.0.0.11)\n';
  const rows = servers.flatMap((server, index): Row[] => {
    const row = serverRow(server, view.now);
    // They come service by service.
    return server.service === servers[index - 1]?.service ? [row] : [[server.service], row];
  });
  return table(COLUMNS, rows, view);
}

function serverRow(server: Server, now: number): Row {
  const { method, weight, state, connections } = server;
  return [
    `  ${serverKeyText(server)}`,
    method,
    String(weight.configured),
    { text: stateText(server, now), tone: STATE_TONES[state.effective] },
    si(connections.active),
    nextHopText(server.next_hop),
  ];
}

function nextHopText({ interface: name, mac, neighbour, reason }: NextHopReport): string {
  return mac === null || reason !== null ? (reason ?? 'not known') : [name, mac, neighbour].filter(Boolean).join(' ');
}

const TSV_TITLES = [
  'service',
  'server',
  'method',
  'weight',
  'weight_effective',
  'state',
  'active',
  'inactive',
  'connections_total',
  'packets_in_total',
  'bytes_in_total',
  'interface',
  'mac',
] as const;

function serverRecord(server: Server) {
  return {
    service: server.service,
    server: serverKeyText(server),
    method: server.method,
    weight: server.weight.configured,
    weight_effective: server.weight.effective,
    state: server.state.effective,
    ...server.connections,
    ...server.totals,
    interface: server.next_hop.interface,
    mac: server.next_hop.mac,
  };
}
