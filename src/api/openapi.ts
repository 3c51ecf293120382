/** The OpenAPI document, made of the route table and the schemas. */
import * as z from 'zod';
import { REPORTS, REQUESTS, type ReportName } from './protocol/schemas.ts';
import { ROUTES, type Route } from './routes.ts';

type Path = Pick<Route, 'method' | 'path' | 'summary' | 'answer' | 'request' | 'query'>;

/** Routes that the server answers itself. */
export const OWN_ROUTES: readonly Path[] = [
  { method: 'GET', path: '/metrics', summary: 'Metrics for Prometheus', answer: { media: 'text/plain' } },
  { method: 'GET', path: '/openapi.json', summary: 'This document', answer: { media: 'application/json' } },
];

/** OpenAPI 3.1. `version` is the daemon's. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of [...ROUTES, ...OWN_ROUTES]) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'xlb', version, description: 'The API of xlbd, over its unix socket. It changes only by addition.' },
    servers: [{ url: 'http://localhost', description: 'the unix socket xlb.sock in the run directory' }],
    paths,
    components: { schemas: schemas() },
  };
}

function operation(route: Path): object {
  const parameters = [...pathParameters(route.path), ...queryParameters(route.query ?? {})];
  return {
    summary: route.summary,
    operationId: `${route.method} ${route.path}`
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/-$/, ''),
    ...(parameters.length > 0 && { parameters }),
    ...(route.request && { requestBody: { content: json(route.request) } }),
    responses: {
      200: { description: 'done', content: answer(route.answer) },
      default: { description: 'refused; nothing has changed', content: json('error') },
    },
  };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: Readonly<Record<string, string>>): object[] {
  return Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
}

function answer(media: Route['answer']): object {
  return typeof media === 'string' ? json(media) : { [media.media]: { schema: {} } };
}

function json(name: ReportName | keyof typeof REQUESTS): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } };
}

/** Reports as they are written (no other fields), requests as they are read. */
function schemas(): Record<string, object> {
  const made: Record<string, object> = {};
  for (const [name, schema] of Object.entries(REPORTS)) made[name] = plain(z.toJSONSchema(schema, { io: 'output' }));
  for (const [name, schema] of Object.entries(REQUESTS)) made[name] = plain(z.toJSONSchema(schema, { io: 'input' }));
  return made;
}

function plain({ $schema: _, ...schema }: Record<string, unknown>): object {
  return schema;
}
