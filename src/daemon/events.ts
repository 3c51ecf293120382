/** Who wants to be told of what changes. */
import type { Event } from '../api/protocol/changes.ts';

type Listener = (event: Event) => void;

export class Events {
  readonly #listeners = new Set<Listener>();

  /** Until the function that it returns is called. */
  subscribe(listener: Listener): () => void {
    // Two subscriptions of one function are two.
    const own: Listener = (event) => listener(event);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  publish(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }
}
