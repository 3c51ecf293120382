/**
 * Power of two choices (ip_vs_twos.c): two servers drawn at random, each by its
 * weight; the one with fewer connections for its weight gets the connection.
 */
import { type Candidate, isAvailable, isHeavier, NO_SERVER, overhead, type Position } from './candidate.ts';

/** An integer from 0 to `limit` - 1, each as likely as the other. */
export type Random = (limit: number) => number;

export function chooseTwos(servers: readonly Candidate[], random: Random): Position {
  const total = servers.filter(isAvailable).reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return NO_SERVER;
  // Both ends of the range may be drawn, as in the kernel: the first server has one chance more.
  const first = drawn(servers, random(total + 1));
  const second = drawn(servers, random(total + 1));
  const [a, b] = [servers[first]!, servers[second]!];
  return isHeavier(overhead(a), a.weight, overhead(b), b.weight) ? second : first;
}

/** The server in whose part of the sum of weights a number lies. */
function drawn(servers: readonly Candidate[], number: number): Position {
  let left = number;
  return servers.findIndex((server) => {
    if (!isAvailable(server)) return false;
    left -= server.weight;
    return left <= 0;
  });
}
