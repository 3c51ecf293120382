/** Server-sent events: what changes, to everyone who listens. A listener that does not read is dropped. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Controller } from './controller.ts';

/** Milliseconds between comments that keep the stream alive and find dead listeners. */
const HEARTBEAT = 15_000;
/** Bytes that may wait for a listener before it is dropped. */
const MAX_WAITING = 256 * 1024;

export function streamEvents(controller: Controller, request: IncomingMessage, response: ServerResponse): void {
  request.socket.setTimeout(0);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (text: string) => {
    response.write(text);
    if (response.writableLength > MAX_WAITING) response.destroy();
  };
  send(': xlb events\n\n');
  const unsubscribe = controller.subscribe((event) => send(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));
  const heartbeat = setInterval(() => send(': \n\n'), HEARTBEAT);
  response.once('close', () => {
    clearInterval(heartbeat);
    unsubscribe();
  });
}
