/**
 * The API's HTTP server: finds the route, runs it, and makes sure that whatever
 * a client sends or fails to read costs it an error and nobody else anything.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Controller } from './controller.ts';
import { HttpError } from './http-error.ts';
import type { Metrics } from './metrics.ts';
import type { ReportName } from './protocol/schemas.ts';
import type { Context, Route } from './routes.ts';

export interface ApiOptions {
  readonly controller: Controller;
  /** Name of this machine, for envelopes. */
  readonly host: string;
  /** Version of the daemon. */
  readonly version: string;
  /** One for the process: `createMetrics(controller)`. */
  readonly metrics: Metrics;
  /** Told of faults of ours (answered 500); `route` is what was asked. */
  readonly onFault: (fault: unknown, route: string) => void;
  /** Tests have less patience. */
  readonly limits?: Partial<typeof LIMITS>;
}

/** Milliseconds, but for the number of connections. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  /** A connection on which nothing moves is closed. */
  idle: 30_000,
  connections: 512,
};

/** What the library of the schemas is needed for, a third of the program that a start would read; the first request waits for it. */
const late = {
  routes: once(async () => patternsOf((await import('./routes.ts')).ROUTES)),
  openApi: once(async () => (await import('./openapi.ts')).openApiDocument),
};

/** Has it in memory. Not at the first request: an upgrade may have replaced the files by then. Rejects where one is missing. */
export async function loadApi(): Promise<void> {
  await late.routes();
  await late.openApi();
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

/** Answers every route; `listenUnix` gives it a socket. */
export function createApiServer(options: ApiOptions): Server {
  // Made when somebody asks: it takes as long as the rest of the API's start.
  let openapi: string | undefined;
  return harden(options, async (request, response) => {
    const url = target(request);
    if (url.pathname === '/metrics') return await options.metrics.answer(request, response);
    if (url.pathname === '/openapi.json') {
      only('GET', request);
      openapi ??= JSON.stringify((await late.openApi())(options.version));
      return send(response, 200, 'application/json', openapi);
    }
    const { route, parameter } = findRoute(await late.routes(), request.method ?? '', url.pathname);
    checkQuery(route, url.searchParams);
    await route.handle(context(options, request, response, parameter, url.searchParams));
  });
}

/** Answers `/metrics` and nothing else; for `--metrics ADDR:PORT`. */
export function createMetricsServer(options: Pick<ApiOptions, 'metrics' | 'onFault' | 'limits'>): Server {
  return harden(options, async (request, response) => {
    const { pathname } = target(request);
    if (pathname !== '/metrics') throw new HttpError(404, 'no-such-route', `nothing at ${pathname}`);
    await options.metrics.answer(request, response);
  });
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

function harden({ onFault, limits }: Pick<ApiOptions, 'onFault' | 'limits'>, handle: Handler): Server {
  const { idle, connections, ...timeouts } = { ...LIMITS, ...limits };
  const server = createServer({ ...timeouts, maxHeaderSize: 16 * 1024 }, async (request, response) => {
    response.on('error', () => response.destroy());
    try {
      await handle(request, response);
    } catch (error) {
      refuse(request, response, error, onFault);
    }
  });
  server.timeout = idle;
  server.maxConnections = connections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, words] = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? [408, 'Request Timeout'] : [400, 'Bad Request'];
    const body = errorBody(new HttpError(Number(status), 'not-http', `this is not an HTTP request: ${error.message}`));
    socket.end(
      `HTTP/1.1 ${status} ${words}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
        `connection: close\r\n\r\n${body}`,
    );
  });
  return server;
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, onFault: ApiOptions['onFault']) {
  // A client that hung up before its request was read is nobody's fault.
  if (request.destroyed && !request.complete) return void response.destroy();
  const known = error instanceof HttpError;
  if (!known) onFault(error, `${request.method} ${request.url}`);
  if (response.headersSent) return void response.destroy();
  const told = known ? error : new HttpError(500, 'internal', 'internal error; the log of xlbd has the cause');
  if (told instanceof WrongMethod) response.setHeader('allow', told.allow);
  send(response, told.status, 'application/json', errorBody(told));
}

function errorBody({ code, message, path }: HttpError): string {
  return `${JSON.stringify({ error: { code, message, path } })}\n`;
}

class WrongMethod extends HttpError {
  readonly allow: string;

  constructor(method: string, path: string, allow: string) {
    super(405, 'wrong-method', `${path} takes ${allow}, found ${method}`);
    this.allow = allow;
  }
}

function only(allow: string, request: IncomingMessage): void {
  if (request.method !== allow) throw new WrongMethod(request.method ?? '', request.url ?? '', allow);
}

function target(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://localhost');
  } catch {
    throw new HttpError(400, 'invalid', `${JSON.stringify(request.url)} is not a path`);
  }
}

/** Throws HttpError: 404, or 405 where the path is known with another method. */
function findRoute(routes: readonly Pattern[], method: string, pathname: string): { route: Route; parameter: string } {
  const allow = new Set<string>();
  for (const { route, pattern } of routes) {
    const match = pattern.exec(pathname);
    if (match === null) continue;
    if (route.method === method) return { route, parameter: decode(match[1] ?? '') };
    allow.add(route.method);
  }
  if (allow.size > 0) throw new WrongMethod(method, pathname, [...allow].join(', '));
  throw new HttpError(404, 'no-such-route', `nothing at ${pathname}; /openapi.json lists what there is`);
}

interface Pattern {
  readonly route: Route;
  readonly pattern: RegExp;
}

/** A parameter may hold slashes: a service's name does, encoded or not. */
function patternsOf(routes: readonly Route[]): Pattern[] {
  return routes.map((route) => ({ route, pattern: new RegExp(`^${route.path.replace(/\{\w+\}/, '(.+)')}$`) }));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, 'invalid', 'the path is not well percent-encoded');
  }
}

function checkQuery(route: Route, query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (!Object.hasOwn(route.query ?? {}, name)) {
      throw new HttpError(400, 'unknown-field', `${route.path} has no parameter ${name}`, name);
    }
  }
}

function context(
  { controller, host }: ApiOptions,
  request: IncomingMessage,
  response: ServerResponse,
  parameter: string,
  query: URLSearchParams,
): Context {
  const head = (name: ReportName) => ({
    schema: `xlb/1/${name}`,
    time: new Date().toISOString(),
    host,
    epoch: controller.epoch,
  });
  const report = (name: ReportName, body: object) =>
    send(response, 200, 'application/json', `${JSON.stringify({ ...head(name), ...body })}\n`);
  return { controller, request, response, parameter, query, head, report };
}

function send(response: ServerResponse, status: number, media: string, body: string): void {
  response.writeHead(status, { 'content-type': media, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
