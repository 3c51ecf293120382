/**
 * What follows from all services together: bits of the filter, real servers of
 * `nat`, limits, pools of local addresses. Each is made anew only where something
 * that it follows from has changed; else it is the very object that it was.
 */
import { changedServices } from '../model/changed-services.ts';
import { sameLimits } from '../model/limits.ts';
import type { Model, ServerKey, VirtualService } from '../model/model.ts';
import { type LimitMaps, limitMapsOf, NO_LIMIT_MAPS } from './limits.ts';
import { type LocalPools, localPoolsOf } from './local-pools.ts';
import { type NatServers, natServersOf } from './nat-servers.ts';
import type { Network } from './reconciler.ts';
import { vipFilterWords } from './vip-filter.ts';

/** What a plan is made from, besides the ids that services have. */
export interface Basis {
  readonly model: Model;
  readonly network: Network;
  /** Deleted real servers that may still have connections. */
  readonly retired: readonly ServerKey[];
}

export interface Derived {
  /** Null: read from the maps, or nothing yet. */
  readonly basis: Basis | null;
  readonly filter: ReadonlyMap<number, bigint>;
  readonly natServers: NatServers;
  readonly limits: LimitMaps;
  readonly localPools: LocalPools;
}

export const NOTHING_DERIVED: Derived = {
  basis: null,
  filter: new Map(),
  natServers: new Map(),
  limits: NO_LIMIT_MAPS,
  localPools: new Map(),
};

/** `idOf`: of a service's name; a service that stays keeps its id. Null: no room for all prefixes of lists of sources. */
export function derive(before: Derived, basis: Basis, idOf: (name: string) => number | undefined): Derived | null {
  const { model, network, retired } = basis;
  const stays = before.basis === null ? null : unaffected(before.basis, basis);
  const limits = stays?.limits ? before.limits : limitMapsOf(model, idOf);
  if (limits === null) return null;
  return {
    basis,
    filter: stays?.filter ? before.filter : vipFilterWords(model, retired),
    natServers: stays?.natServers ? before.natServers : natServersOf(model, network),
    limits,
    localPools: stays?.localPools ? before.localPools : localPoolsOf(model.localAddresses, idOf),
  };
}

function unaffected(was: Basis, is: Basis): Record<keyof Omit<Derived, 'basis'>, boolean> {
  const changes = changedServices(was.model.services, is.model.services);
  const allStay = (same: (a: VirtualService, b: VirtualService) => boolean) =>
    changes.every(({ before, after }) => before !== undefined && after !== undefined && same(before, after));
  const hasSameServers = allStay(sameServers);
  const sameSetting = (name: keyof Model['sysctls']) => was.model.sysctls[name] === is.model.sysctls[name];
  return {
    filter: hasSameServers && was.model.marks === is.model.marks && sameKeys(was.retired, is.retired),
    natServers: hasSameServers && was.network === is.network && sameSetting('nat_icmp_send'),
    limits: allStay((a, b) => sameLimits(a.limits, b.limits)) && sameSetting('conn_rate') && sameSetting('conn_burst'),
    localPools: allStay(() => true) && was.model.localAddresses === is.model.localAddresses,
  };
}

/** As far as the filter, and who is answered, depend on them. */
function sameServers({ servers: a }: VirtualService, { servers: b }: VirtualService): boolean {
  const isSame = ({ key, method }: VirtualService['servers'][number], i: number) =>
    key.address === b[i]?.key.address && key.port === b[i]?.key.port && method === b[i]?.method;
  return a === b || (a.length === b.length && a.every(isSame));
}

function sameKeys(a: readonly ServerKey[], b: readonly ServerKey[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}
