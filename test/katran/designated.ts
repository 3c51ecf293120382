/** Packets that Katran sends to a real by a server id in them, not by hash. By suite, numbers of cases. */
import { numbers } from './numbers.ts';

const DESIGNATED: Readonly<Record<string, string>> = {
  testFixtures: '26-27 30 34',
  gueTestFixtures: '24-25 28 33',
  tprTestFixtures: '2-5 7 11 13 15',
  tprGueTestFixtures: '2-5 7 11 13 15',
  udpStableRtFixtures: '2-4',
};

export function isDesignated(suite: string, n: number): boolean {
  return numbers(DESIGNATED[suite] ?? '').includes(n);
}
