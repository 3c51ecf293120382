/**
 * Which real server a new connection gets: each scheduler's rule as IPVS has it,
 * written to be read. The data plane decides the same in C from compiled tables;
 * this is what it is tested against, and what explains a decision.
 *
 * State is explicit: `choose` and `afterEdit` answer the next one.
 */
import type { RealServer, VirtualService } from '../model/model.ts';
import { effectiveWeight } from '../model/server.ts';
import { type Candidate, HEAD } from './candidate.ts';
import { chooseMh, type Flow } from './mh.ts';
import { ringOf } from './ring.ts';
import { chooseRr, type RrState, rrAfterEdit } from './rr.ts';
import { chooseWrr, WRR_START, type WrrState, wrrAfterEdit } from './wrr.ts';

export type SchedulerState =
  | { readonly scheduler: 'rr'; readonly rr: RrState }
  | { readonly scheduler: 'wrr'; readonly wrr: WrrState }
  | { readonly scheduler: 'mh' };

/** Whether a server is at its upper threshold. */
export type Overload = (server: RealServer) => boolean;

/** Of a service that appears with all its servers at once. (wrr remembers: added one by one, they are chosen otherwise at first.) */
export function initialState(service: VirtualService): SchedulerState {
  switch (service.scheduler) {
    case 'rr':
      return { scheduler: 'rr', rr: HEAD };
    case 'wrr':
      return { scheduler: 'wrr', wrr: wrrAfterEdit(candidates(service), WRR_START) };
    case 'mh':
      return { scheduler: 'mh' };
  }
}

/** `state`: of this service's scheduler. Null: no server may take the connection. */
export function choose(
  service: VirtualService,
  state: SchedulerState,
  flow: Flow,
  overload: Overload = () => false,
): [RealServer | null, SchedulerState] {
  const servers = candidates(service, overload);
  switch (state.scheduler) {
    case 'rr': {
      const [position, rr] = chooseRr(servers, state.rr);
      return [service.servers[position] ?? null, { ...state, rr }];
    }
    case 'wrr': {
      const [position, wrr] = chooseWrr(servers, state.wrr);
      return [service.servers[position] ?? null, { ...state, wrr }];
    }
    case 'mh':
      return [service.servers[chooseMh(servers, ringOf(service), service.options, flow)] ?? null, state];
  }
}

/** After an edit of the service's list of servers or of its scheduler. */
export function afterEdit(before: VirtualService, after: VirtualService, state: SchedulerState): SchedulerState {
  if (state.scheduler !== after.scheduler) return initialState(after);
  switch (state.scheduler) {
    case 'rr':
      return { ...state, rr: rrAfterEdit(candidates(before), candidates(after), state.rr) };
    case 'wrr':
      return before.servers === after.servers ? state : { ...state, wrr: wrrAfterEdit(candidates(after), state.wrr) };
    case 'mh':
      return state;
  }
}

function candidates(service: VirtualService, overload: Overload = () => false): Candidate[] {
  return service.servers.map((server) => ({
    key: server.key,
    weight: effectiveWeight(server),
    overloaded: overload(server),
  }));
}
