/**
 * Connection listings: a filter in, a JSON document out, written batch by batch
 * as fast as the client reads, so that a million connections need no memory.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Controller } from './controller.ts';
import { HttpError } from './http-error.ts';
import { type ConnectionFilter, FILTER_WORDS, type FilterWord, parseFilterWord } from './protocol/connection-filter.ts';

/** A client that takes nothing for this long is dropped. Milliseconds. */
const STALLED = 30_000;

export const CONNECTION_QUERY = { ...FILTER_WORDS, limit: 'at most so many' } as const;

export interface ConnectionRequest {
  readonly filter: ConnectionFilter;
  readonly limit: number;
}

/** Throws HttpError 400 with the parameter as path. */
export function parseConnectionQuery(query: URLSearchParams): ConnectionRequest {
  let filter: ConnectionFilter = {};
  for (const word of Object.keys(FILTER_WORDS) as FilterWord[]) {
    const value = query.get(word);
    if (value === null) continue;
    const part = parseFilterWord(word, value);
    if (part === undefined) {
      throw new HttpError(400, 'invalid', `expected ${FILTER_WORDS[word]}, found ${JSON.stringify(value)}`, word);
    }
    filter = { ...filter, ...part };
  }
  const limit = query.get('limit') ?? '';
  if (limit !== '' && !/^\d{1,9}$/.test(limit)) {
    throw new HttpError(400, 'invalid', `expected a number, found ${JSON.stringify(limit)}`, 'limit');
  }
  return { filter, limit: limit === '' ? Number.POSITIVE_INFINITY : Number(limit) };
}

/**
 * Writes the report with the envelope on the first line, one connection on each
 * line after it and `truncated` on the last: JSON as a whole, and readable by
 * lines. Rejects where the table cannot be read.
 */
export async function streamConnections(
  controller: Controller,
  { filter, limit }: ConnectionRequest,
  response: ServerResponse,
  head: object,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write(`${JSON.stringify(head).slice(0, -1)},"connections":[`);
  let written = 0;
  let truncated = false;
  for await (const batch of controller.connections({ filter, signal: gone.signal })) {
    if (gone.signal.aborted) return;
    const fitting = batch.slice(0, limit - written);
    truncated = fitting.length < batch.length;
    const text = fitting.map((entry, index) => (written + index === 0 ? '\n' : ',\n') + JSON.stringify(entry)).join('');
    written += fitting.length;
    if (!response.write(text)) await drained(response);
    if (truncated || gone.signal.aborted) break;
  }
  if (!gone.signal.aborted) response.end(`\n],"truncated":${truncated}}\n`);
}

/** Waits until the client has read what was written; destroys the response of one that does not. */
async function drained(response: ServerResponse): Promise<void> {
  const signal = AbortSignal.timeout(STALLED);
  const closed = new AbortController();
  const onClose = () => closed.abort();
  response.once('close', onClose);
  try {
    if (!response.destroyed) await once(response, 'drain', { signal: AbortSignal.any([signal, closed.signal]) });
  } catch {
    response.destroy();
  } finally {
    response.off('close', onClose);
  }
}
