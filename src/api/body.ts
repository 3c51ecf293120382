/** Reading a request: its body within bounds, as JSON, as its schema says. */
import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { HttpError } from './http-error.ts';
import { faultOf } from './protocol/fault.ts';
import { parseJson } from './protocol/json-fault.ts';

/** Bytes. */
export const MAX_BODY = 1024 * 1024;

/** The parsed body; an empty one stands for `{}`. Throws HttpError: 413, or 400 with the place of the fault. */
export async function readBody<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const text = await readText(request);
  const parsed = parseJson(text.trim() === '' ? '{}' : text);
  if ('fault' in parsed) {
    const { line, column, found } = parsed.fault;
    throw new HttpError(400, 'broken-json', `broken JSON at line ${line}, column ${column}: found ${found}`);
  }
  return validate(schema, parsed.value);
}

export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { code, message, path } = faultOf(result.error);
  throw new HttpError(400, code, message, path);
}

async function readText(request: IncomingMessage): Promise<string> {
  const length = Number(request.headers['content-length'] ?? 0);
  const found = length > MAX_BODY ? `, found ${length}` : '';
  const advice = 'about 15000 real servers; send more than that in several requests';
  const tooLarge = new HttpError(413, 'too-large', `a request body is at most ${MAX_BODY} bytes${found}: ${advice}`);
  if (length > MAX_BODY) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  // Node drains what is left of a refused body, within the server's request timeout.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooLarge;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new HttpError(400, 'broken-json', 'the body is not UTF-8');
  }
}
