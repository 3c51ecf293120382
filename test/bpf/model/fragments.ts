/** Where first fragments went, for those that follow. The real table's bound is out of a test's reach. */
import type { Headers } from './read-headers.ts';

interface Seen {
  readonly headerEnd: number;
  readonly seenAt: number;
}

export interface RequestFragment extends Seen {
  readonly kind: 'request';
  readonly service: number;
  readonly slot: number;
  readonly realServer: number;
  readonly flow: number;
  /** fullnat: number of the reply entry that the first one left by; null: by none. */
  local: number | null;
}

export interface ReplyFragment extends Seen {
  readonly kind: 'reply';
  /** Number of the reply's entry. */
  readonly entry: number;
}

export type Fragment = RequestFragment | ReplyFragment;

const SECONDS = 30;

export class Fragments {
  readonly #known = new Map<string, Fragment>();

  remember(headers: Headers, fragment: Fragment): void {
    this.#known.set(keyOf(headers), fragment);
  }

  setLocal(headers: Headers, local: number): void {
    const known = this.#known.get(keyOf(headers));
    if (known?.kind === 'request') known.local = local;
  }

  recall(headers: Headers, now: number): Fragment | 'unknown' | 'malformed' {
    const known = this.#known.get(keyOf(headers));
    if (known === undefined || now - known.seenAt >= SECONDS) return 'unknown';
    const tooLong = headers.offset + headers.length > 0xffff;
    return headers.offset < known.headerEnd || tooLong ? 'malformed' : known;
  }
}

function keyOf({ family, source, destination, id, protocol }: Headers): string {
  return `${source.toString('hex')} ${destination.toString('hex')} ${id} ${family === 4 ? protocol : 'any'}`;
}
