/** One HTTP request over the unix socket. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connectionError } from './api-error.ts';

export interface Endpoint {
  /** Path of the unix socket. */
  readonly socket: string;
  /** Milliseconds without a sign of life; 0: none. Left out: 30 s. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** The answer's head has come; its body has not. Throws ApiError where there is none. */
export function request(
  { socket, timeout = 30_000, signal }: Endpoint,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const headers: Record<string, string | number> = { host: 'xlbd', accept: 'application/json' };
  if (payload !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = payload.length;
  }
  return new Promise((resolve, reject) => {
    const sending = httpRequest({ socketPath: socket, method, path, headers, timeout, agent: false, signal });
    sending.once('response', resolve);
    sending.once('timeout', () => sending.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    // Stays for the life of the request: an error after the answer's head reaches the body's reader.
    sending.on('error', (error) => reject(connectionError(error, socket)));
    sending.end(payload);
  });
}
