/**
 * Schedulers that compare: each looks at every server and takes the best one,
 * of equals the first in the list.
 */
import { type Candidate, isAvailable, isHeavier, NO_SERVER, overhead, type Position } from './candidate.ts';

/** ip_vs_lc.c: the fewest connections, whatever the weight. */
export function chooseLc(servers: readonly Candidate[]): Position {
  return best(servers, isAvailable, (a, b) => overhead(a) < overhead(b));
}

/** ip_vs_wlc.c: the fewest connections for its weight. */
export function chooseWlc(servers: readonly Candidate[]): Position {
  return best(servers, isAvailable, (a, b) => isHeavier(overhead(b), b.weight, overhead(a), a.weight));
}

/** ip_vs_sed.c, shortest expected delay: the fewest active connections for its weight, this one included. */
export function chooseSed(servers: readonly Candidate[]): Position {
  return best(servers, isAvailable, (a, b) => isHeavier(b.active + 1, b.weight, a.active + 1, a.weight));
}

/** ip_vs_nq.c, never queue: the first idle server; where none is, as sed. */
export function chooseNq(servers: readonly Candidate[]): Position {
  const idle = servers.findIndex((server) => isAvailable(server) && server.active === 0);
  return idle === NO_SERVER ? chooseSed(servers) : idle;
}

/** ip_vs_fo.c, failover: the heaviest. */
export function chooseFo(servers: readonly Candidate[]): Position {
  return best(servers, isAvailable, (a, b) => a.weight > b.weight);
}

/** ip_vs_ovf.c, overflow: the heaviest with no more active connections than its weight (so one more fits). */
export function chooseOvf(servers: readonly Candidate[]): Position {
  const hasRoom = (server: Candidate) => isAvailable(server) && server.active <= server.weight;
  return best(servers, hasRoom, (a, b) => a.weight > b.weight);
}

/** Position of the first of the best. */
function best(
  servers: readonly Candidate[],
  qualifies: (server: Candidate) => boolean,
  isBetter: (a: Candidate, b: Candidate) => boolean,
): Position {
  let found = NO_SERVER;
  servers.forEach((server, position) => {
    if (!qualifies(server)) return;
    const chosen = servers[found];
    if (chosen === undefined || isBetter(server, chosen)) found = position;
  });
  return found;
}
