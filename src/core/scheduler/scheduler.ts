/**
 * Which real server a new connection gets: each scheduler's rule as IPVS has it,
 * written to be read. The data plane decides the same in C from compiled tables;
 * this is what it is tested against, what explains a decision, and the engine
 * of `xlb simulate`.
 *
 * State is explicit: `choose` and `afterEdit` answer the next one. What else a
 * rule looks at (connections, time, chance) is an argument.
 */
import type { RealServer, VirtualService } from '../model/model.ts';
import type { SchedulerName } from '../model/schedulers.ts';
import { effectiveWeight } from '../model/server.ts';
import { type Candidate, HEAD, IDLE, type Load, type Position } from './candidate.ts';
import type { Flow } from './flow.ts';
import { chooseFo, chooseLc, chooseNq, chooseOvf, chooseSed, chooseWlc } from './least.ts';
import { chooseLblc, chooseLblcr, type LblcrState, type LblcState } from './locality.ts';
import { chooseMh } from './mh.ts';
import { ringOf } from './ring.ts';
import { chooseRr, type RrState, rrAfterEdit } from './rr.ts';
import { chooseDh, chooseSh } from './sh.ts';
import { chooseTwos, type Random } from './twos.ts';
import { chooseWrr, WRR_START, type WrrState, wrrAfterEdit } from './wrr.ts';

export type SchedulerState =
  | { readonly scheduler: 'rr'; readonly rr: RrState }
  | { readonly scheduler: 'wrr'; readonly wrr: WrrState }
  | { readonly scheduler: 'lblc'; readonly lblc: LblcState }
  | { readonly scheduler: 'lblcr'; readonly lblcr: LblcrState }
  | { readonly scheduler: Exclude<SchedulerName, 'rr' | 'wrr' | 'lblc' | 'lblcr'> };

/** What a connection is scheduled amid. */
export interface Circumstances {
  readonly load: (server: RealServer) => Load;
  /** Seconds. */
  readonly now: number;
  readonly random: Random;
}

/** No connection anywhere; every draw answers 0. */
export const AT_REST: Circumstances = { load: () => IDLE, now: 0, random: () => 0 };

/** Of a service that appears with all its servers at once. (wrr remembers: added one by one, they are chosen otherwise at first.) */
export function initialState(service: VirtualService): SchedulerState {
  const { scheduler } = service;
  switch (scheduler) {
    case 'rr':
      return { scheduler, rr: HEAD };
    case 'wrr':
      return { scheduler, wrr: wrrAfterEdit(candidates(service), WRR_START) };
    case 'lblc':
      return { scheduler, lblc: new Map() };
    case 'lblcr':
      return { scheduler, lblcr: new Map() };
    default:
      return { scheduler };
  }
}

/** `state`: of this service's scheduler. Null: no server may take the connection. */
export function choose(
  service: VirtualService,
  state: SchedulerState,
  flow: Flow,
  circumstances: Circumstances = AT_REST,
): [RealServer | null, SchedulerState] {
  const [position, next] = decide(service, state, flow, circumstances);
  return [service.servers[position] ?? null, next];
}

/** After an edit of the service's list of servers or of its scheduler. */
export function afterEdit(before: VirtualService, after: VirtualService, state: SchedulerState): SchedulerState {
  if (state.scheduler !== after.scheduler) return initialState(after);
  switch (state.scheduler) {
    case 'rr':
      return { ...state, rr: rrAfterEdit(candidates(before), candidates(after), state.rr) };
    case 'wrr':
      return before.servers === after.servers ? state : { ...state, wrr: wrrAfterEdit(candidates(after), state.wrr) };
    default:
      return state;
  }
}

function decide(
  service: VirtualService,
  state: SchedulerState,
  flow: Flow,
  { load, now, random }: Circumstances,
): [Position, SchedulerState] {
  const servers = candidates(service, load);
  switch (state.scheduler) {
    case 'rr': {
      const [position, rr] = chooseRr(servers, state.rr);
      return [position, { ...state, rr }];
    }
    case 'wrr': {
      const [position, wrr] = chooseWrr(servers, state.wrr);
      return [position, { ...state, wrr }];
    }
    case 'lblc': {
      const [position, lblc] = chooseLblc(servers, state.lblc, flow.destination, now);
      return [position, { ...state, lblc }];
    }
    case 'lblcr': {
      const [position, lblcr] = chooseLblcr(servers, state.lblcr, flow.destination, now);
      return [position, { ...state, lblcr }];
    }
    case 'twos':
      return [chooseTwos(servers, random), state];
    case 'dh':
      return [chooseDh(servers, ringOf(service), flow), state];
    case 'sh':
      return [chooseSh(servers, ringOf(service), service.options, flow), state];
    case 'mh':
      return [chooseMh(servers, ringOf(service), service.options, flow), state];
    default:
      return [COMPARING[state.scheduler](servers), state];
  }
}

const COMPARING = { lc: chooseLc, wlc: chooseWlc, sed: chooseSed, nq: chooseNq, fo: chooseFo, ovf: chooseOvf };

function candidates(service: VirtualService, load: Circumstances['load'] = () => IDLE): Candidate[] {
  return service.servers.map((server) => {
    const { active, inactive, overloaded } = load(server);
    return { key: server.key, weight: effectiveWeight(server), active, inactive, overloaded };
  });
}
