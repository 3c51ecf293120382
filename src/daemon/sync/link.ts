/** One socket to hear and one to speak, opened again and again until the interface lets it. */
import type { Log } from '../log.ts';
import { type Channel, openListener, openSender, type Route } from './channel.ts';

export interface LinkParts {
  readonly route: Route;
  readonly log: Log;
  readonly onDatagram: (bytes: Uint8Array, from: string) => void;
  /** Both are open now. */
  readonly onOpen: () => void;
}

/** Milliseconds. */
const RETRY = 1000;

export class Link {
  readonly #parts: LinkParts;
  #sender: Channel | undefined;
  #listener: { close(): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #problem: string | null = 'not open yet';
  #isClosed = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    void this.#open();
  }

  /** Why nothing goes in or out; null: it does. */
  get problem(): string | null {
    return this.#problem;
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#sender === undefined) throw new Error(this.#problem ?? 'closed');
    await this.#sender.send(bytes);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#close();
  }

  async #open(): Promise<void> {
    const { route, onDatagram, onOpen, log } = this.#parts;
    try {
      this.#sender = await openSender(route);
      this.#listener = await openListener(route, onDatagram, (error) => this.#fail(error));
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    if (this.#isClosed) {
      this.#close();
      return;
    }
    this.#problem = null;
    const where = route.peers.length > 0 ? route.peers.join(', ') : route.group;
    log.info({ interface: route.interface }, `synchronization with ${where}, port ${route.port}`);
    onOpen();
  }

  #fail(error: Error): void {
    this.#close();
    if (this.#isClosed) return;
    const text = `the sockets of synchronization on ${this.#parts.route.interface}: ${error.message}`;
    if (this.#problem !== text) this.#parts.log.warn({ err: error }, text);
    this.#problem = text;
    this.#timer = setTimeout(() => void this.#open(), RETRY);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#sender?.close();
    this.#listener?.close();
    this.#sender = undefined;
    this.#listener = undefined;
  }
}
