/** What must be true of the table while nobody writes. */
import { expect } from 'vitest';
import { unpackEntry } from './entry-word.ts';
import type { DataPlane } from './fixture.ts';

/** Each connection stands there once, and every count is that of a recount. `servers`: ids from 1. */
export function expectConsistent(plane: DataPlane, servers: number, when: string): void {
  plane.sweep(); // dead entries are still counted, but not counted again
  plane.sweep(true);
  for (let id = 1; id <= servers; id++) expect(plane.live(id), `${when}: server ${id}`).toEqual(plane.recounted(id));
  const places = new Map<string, number>();
  plane.table.words.forEach((word, number) => {
    if (word === 0n) return;
    if (unpackEntry(word).state === 'BUSY') expect.fail(`${when}: entry ${number} was never published`);
    const identity = plane.table.identity(number);
    if (places.has(identity))
      expect.fail(`${when}: ${keyText(plane, number)} stands in ${places.get(identity)} as well`);
    places.set(identity, number);
  });
}

/** Every packet had one outcome, and those that were forwarded are those of the services. */
export function expectEachPacketCountedOnce(plane: DataPlane, sent: number): void {
  const counted = plane.counted();
  expectForwardedCounted(plane, counted);
  const outcomes = Object.entries(counted).filter(([name]) => /^(forwarded$|pass_|drop_)/.test(name));
  expect(outcomes.reduce((sum, [, count]) => sum + count, 0)).toBe(sent);
}

/** `counted`: since the services began to count. */
export function expectForwardedCounted(plane: DataPlane, counted: Record<string, number>): void {
  const packets = [1, 2, 3, 4].reduce((sum, id) => {
    const { packets = 0, out_packets = 0 } = plane.traffic('service_traffic', id);
    return sum + packets + out_packets;
  }, 0);
  expect(packets).toBe(counted['forwarded']);
  for (const name of ['connections_created', 'connections_expired']) expect(counted[name], name).toBeGreaterThan(0);
}

export function expireAll(plane: DataPlane): void {
  plane.advance(901);
  plane.sweep();
  plane.sweep(); // entries of replies go with the sweep after their connections
  expect(plane.table.words.every((word) => word === 0n)).toBe(true);
}

/** Time, sweeps and edits beside a burst. `edit`: writes the configuration anew. */
export async function disturb(plane: DataPlane, burst: Promise<void>, edit: () => void): Promise<void> {
  let running = true;
  const watched = burst.finally(() => {
    running = false;
  });
  // However fast the burst is: long enough for what is half open to expire.
  for (let step = 0; running || step < 8; step++) {
    plane.advance([1, 3, 11, 61][step % 4] ?? 1);
    plane.sweep();
    if (step % 8 === 0) edit();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await watched;
}

function keyText(plane: DataPlane, number: number): string {
  return JSON.stringify(plane.entries().find((entry) => entry.number === number)?.key);
}
