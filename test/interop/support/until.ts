import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds. */
const PATIENCE = 25_000;
const PERIOD = 40;

/** Resolves with what `look` finds, once that is neither false nor undefined. Rejects with `what` was waited for. */
export async function until<T>(what: () => string, look: () => T | false | undefined): Promise<T> {
  for (const end = performance.now() + PATIENCE; performance.now() < end; await sleep(PERIOD)) {
    const found = look();
    if (found !== false && found !== undefined) return found;
  }
  throw new Error(`waited in vain: ${what()}`);
}
