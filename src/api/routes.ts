/**
 * Every route of the API: what it takes, what it answers, what it does. The
 * server dispatches by this table and the OpenAPI document is made of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseServiceKey } from '../core/model/service-key.ts';
import { readBody } from './body.ts';
import { CONNECTION_QUERY, parseConnectionQuery, streamConnections } from './connection-stream.ts';
import type { Controller, Outcome } from './controller.ts';
import { streamEvents } from './event-stream.ts';
import { HttpError, httpErrorOf } from './http-error.ts';
import {
  attachRequestSchema,
  commandsRequestSchema,
  detachRequestSchema,
  zeroRequestSchema,
} from './protocol/command.ts';
import { reloadRequestSchema } from './protocol/config.ts';
import type { REQUESTS, ReportName } from './protocol/schemas.ts';
import type { ServiceReport } from './protocol/services.ts';
import { commandFromWire } from './protocol/wire.ts';

export interface Context {
  readonly controller: Controller;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Decoded value of the path's parameter; empty where it has none. */
  readonly parameter: string;
  readonly query: URLSearchParams;
  /** Sends a report: the envelope and this body. */
  readonly report: (name: ReportName, body: object) => void;
  readonly head: (name: ReportName) => object;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Like `/v1/services/{service}`; the parameter reaches to the end or to what follows it. */
  readonly path: string;
  readonly summary: string;
  /** What a good answer is: a report in JSON, or text of a media type. */
  readonly answer: ReportName | { readonly media: string };
  readonly request?: keyof typeof REQUESTS;
  /** Query parameters with their description; others are refused. */
  readonly query?: Readonly<Record<string, string>>;
  handle(context: Context): void | Promise<void>;
}

const SERVICE_QUERY = { service: 'only this service, like 192.0.2.10:80/tcp' };

const READS: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/status',
    summary: 'State, traffic and problems of the director',
    answer: 'status',
    handle: async ({ controller, report }) => report('status', await controller.status()),
  },
  {
    method: 'GET',
    path: '/v1/services',
    summary: 'Virtual services with their real servers, counters and rates',
    answer: 'services',
    query: SERVICE_QUERY,
    handle: async ({ controller, query, report }) =>
      report('services', { services: await chosenServices(controller, query) }),
  },
  {
    method: 'GET',
    path: '/v1/services/{service}',
    summary: 'One virtual service',
    answer: 'service',
    handle: async ({ controller, parameter, report }) =>
      report('service', { service: await oneService(controller, parameter) }),
  },
  {
    method: 'GET',
    path: '/v1/servers',
    summary: 'Real servers of all services, or of one',
    answer: 'servers',
    query: SERVICE_QUERY,
    handle: async ({ controller, query, report }) => {
      const services = await chosenServices(controller, query);
      const servers = services.flatMap((service) =>
        service.servers.map((server) => ({ service: service.name, ...server })),
      );
      report('servers', { servers });
    },
  },
  {
    method: 'GET',
    path: '/v1/connections',
    summary: 'Connections, one a line; every parameter narrows the list',
    answer: 'connections',
    query: CONNECTION_QUERY,
    handle: ({ controller, query, response, head }) =>
      streamConnections(controller, parseConnectionQuery(query), response, head('connections')),
  },
  {
    method: 'GET',
    path: '/v1/stats',
    summary: 'What became of every packet, by reason',
    answer: 'stats',
    handle: async ({ controller, report }) => report('stats', await controller.stats()),
  },
  {
    method: 'GET',
    path: '/v1/interfaces',
    summary: 'Interfaces that the data plane is attached to',
    answer: 'interfaces',
    handle: async ({ controller, report }) => report('interfaces', await controller.interfaces()),
  },
  {
    method: 'GET',
    path: '/v1/local-addresses',
    summary: 'Local addresses of fullnat, and how many of their ports are in use',
    answer: 'local-addresses',
    handle: async ({ controller, report }) => report('local-addresses', await controller.localAddresses()),
  },
  {
    method: 'GET',
    path: '/v1/marks',
    summary: 'Rules that give packets a firewall mark',
    answer: 'marks',
    handle: async ({ controller, report }) => report('marks', await controller.marks()),
  },
  {
    method: 'GET',
    path: '/v1/vrrp',
    summary: 'VRRP instances: state, since when, and why',
    answer: 'vrrp',
    handle: async ({ controller, report }) => report('vrrp', await controller.vrrp()),
  },
  {
    method: 'GET',
    path: '/v1/doctor',
    summary: 'What is well and what is not, each with its cause and the next step; asks neighbours who holds the VIPs',
    answer: 'doctor',
    handle: async ({ controller, report }) => report('doctor', await controller.doctor()),
  },
  {
    method: 'GET',
    path: '/v1/sync',
    summary: 'Synchronization of connections with another director, and how many would survive',
    answer: 'sync',
    handle: async ({ controller, report }) => report('sync', await controller.sync()),
  },
  {
    method: 'GET',
    path: '/v1/document',
    summary: 'Everything that commands made, as `xlb apply` takes it',
    answer: 'document',
    handle: async ({ controller, report }) => report('document', await controller.document()),
  },
  {
    method: 'GET',
    path: '/v1/config',
    summary: 'The configuration file in use, written in one fixed way',
    answer: 'config',
    handle: async ({ controller, report }) => report('config', done(await controller.config())),
  },
  {
    method: 'GET',
    path: '/v1/events',
    summary: 'What changes, as server-sent events; data is the schema "event"',
    answer: { media: 'text/event-stream' },
    handle: ({ controller, request, response }) => streamEvents(controller, request, response),
  },
];

const CHANGES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/commands',
    summary: 'Applies all commands of the list, or none',
    answer: 'changes',
    request: 'commands-request',
    handle: async ({ controller, request, report }) => {
      const body = await readBody(request, commandsRequestSchema);
      const asker = { user: body.user ?? 'unknown', now: Date.now() };
      const commands = body.commands.map((command) => commandFromWire(command, asker));
      const options = { dryRun: body.dry_run ?? false, user: asker.user };
      report('changes', done(await controller.execute(commands, options), 'commands'));
    },
  },
  {
    method: 'POST',
    path: '/v1/reload',
    summary: 'Takes a configuration file into use, whole or not at all',
    answer: 'reload',
    request: 'reload-request',
    handle: async ({ controller, request, report }) => {
      const { file, dry_run = false, reset = false, user = 'unknown' } = await readBody(request, reloadRequestSchema);
      const wanted = { dryRun: dry_run, reset, user, ...(file === undefined ? {} : { file }) };
      report('reload', done(await controller.reload(wanted)));
    },
  },
  {
    method: 'POST',
    path: '/v1/zero',
    summary: 'Zeroes the totals of one service or of all',
    answer: 'zeroed',
    request: 'zero-request',
    handle: async ({ controller, request, report }) => {
      const body = await readBody(request, zeroRequestSchema);
      report('zeroed', done(await controller.zero(body.service)));
    },
  },
  {
    method: 'POST',
    path: '/v1/interfaces/{interface}/attach',
    summary: 'Attaches the data plane to an interface',
    answer: 'attached',
    request: 'attach-request',
    handle: async ({ controller, request, parameter, report }) => {
      const body = await readBody(request, attachRequestSchema);
      report('attached', done(await controller.attach(parameter, body.mode ?? 'auto')));
    },
  },
  {
    method: 'POST',
    path: '/v1/interfaces/{interface}/detach',
    summary: 'Detaches the data plane from an interface; traffic goes to the kernel',
    answer: 'detached',
    request: 'detach-request',
    handle: async ({ controller, request, parameter, report }) => {
      await readBody(request, detachRequestSchema);
      report('detached', done(await controller.detach(parameter)));
    },
  },
];

/** `/metrics` and `/openapi.json` are the server's own. */
export const ROUTES: readonly Route[] = [...READS, ...CHANGES];

async function chosenServices(controller: Controller, query: URLSearchParams): Promise<readonly ServiceReport[]> {
  const name = query.get('service');
  return name === null ? await controller.services() : [await oneService(controller, name)];
}

async function oneService(controller: Controller, name: string): Promise<ServiceReport> {
  const key = parseServiceKey(name);
  if (key === null) {
    throw new HttpError(400, 'invalid', `expected a service like 192.0.2.10:80/tcp, found ${JSON.stringify(name)}`);
  }
  const [service] = await controller.services(key);
  if (service === undefined) throw new HttpError(404, 'no-such-service', `no virtual service ${name}`);
  return service;
}

function done<T>(outcome: Outcome<T>, prefix = ''): T {
  if (!outcome.ok) throw httpErrorOf(outcome, prefix);
  return outcome.value;
}
