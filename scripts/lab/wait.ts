/** Waiting for what another process does. */
import { setTimeout as sleep } from 'node:timers/promises';

/** XLB_PATIENCE=10: an emulated machine takes ten times as long. */
const PATIENCE = Number(process.env['XLB_PATIENCE'] ?? 1);

/**
 * Asks until the answer is true.
 * @throws Error naming `what` when `timeout` milliseconds (10 s) were not enough
 */
export async function waitFor(what: string, check: () => boolean | Promise<boolean>, timeout = 10_000): Promise<void> {
  const end = Date.now() + timeout * PATIENCE;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${(timeout * PATIENCE) / 1000} s`);
    await sleep(20);
  }
}
