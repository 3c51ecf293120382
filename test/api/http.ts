/** HTTP over a unix socket for tests; every answer is held against the OpenAPI document. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { openApiDocument } from '../../src/api/openapi.ts';
import { schemaFaults } from './json-schema.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends as it stands; `body` may be anything. */
export function send(socket: string, method: string, path: string, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = request({ socketPath: socket, method, path, agent: false }, async (response) => {
      const { statusCode: status = 0, headers } = response;
      try {
        const answer = { status, headers, body: await text(response) };
        checkAnswer(method, path, answer);
        resolve(answer);
      } catch (error) {
        reject(error);
      }
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

export async function get(socket: string, path: string): Promise<unknown> {
  return JSON.parse((await send(socket, 'GET', path)).body);
}

export function post(socket: string, path: string, body: unknown): Promise<Answer> {
  return send(socket, 'POST', path, JSON.stringify(body));
}

interface Operation {
  responses: Record<string, { content: Record<string, { schema: Record<string, unknown> }> }>;
}

const OPENAPI = openApiDocument('0.1.0') as { paths: Record<string, Record<string, Operation>> } & Record<
  string,
  unknown
>;

/** Throws where an answer is not what the document says of its route and status. */
function checkAnswer(method: string, path: string, { status, headers, body }: Answer): void {
  const media = headers['content-type'] ?? '';
  if (!media.startsWith('application/json')) return;
  const schema = status === 200 ? successSchema(method, path) : { $ref: '#/components/schemas/error' };
  const faults = schemaFaults(schema, JSON.parse(body), OPENAPI);
  if (faults.length > 0) throw new Error(`${method} ${path} (${status}): ${faults.join('; ')}`);
}

function successSchema(method: string, path: string): Record<string, unknown> {
  const [pathname = ''] = path.split('?');
  for (const [pattern, operations] of Object.entries(OPENAPI.paths)) {
    const matches = new RegExp(`^${pattern.replace(/\{\w+\}/, '.+')}$`).test(pathname);
    const operation = operations[method.toLowerCase()];
    if (!matches || operation === undefined) continue;
    return operation.responses['200']?.content['application/json']?.schema ?? {};
  }
  throw new Error(`${method} ${path} is answered, but not in the OpenAPI document`);
}
