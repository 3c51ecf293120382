/** Waiting for what another process does. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is true.
 * @throws Error naming `what` when `timeout` milliseconds (10 s) were not enough
 */
export async function waitFor(what: string, check: () => boolean | Promise<boolean>, timeout = 10_000): Promise<void> {
  const end = Date.now() + timeout;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout / 1000} s`);
    await sleep(20);
  }
}
