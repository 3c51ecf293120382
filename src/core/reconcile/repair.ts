/** What differs between the maps and what was written to them, as operations that put it right. */
import type { NextHop } from '../../dataplane/types.gen.ts';
import { filterOperations } from './filter-operations.ts';
import { limitAdditions, limitRemovals } from './limits.ts';
import { localPoolOperations } from './local-pools.ts';
import { markOperations } from './mark-plan.ts';
import { natServerOperations } from './nat-servers.ts';
import { NO_INTERFACE, NO_NEXT_HOP, sameInterface, sameNextHop } from './next-hop.ts';
import type { Have, Operation } from './operations.ts';
import type { State } from './reconciler.ts';
import { sameLine } from './same-content.ts';
import { repairThresholds } from './thresholds.ts';

/** Empty where the maps hold exactly `state`. */
export function repair(state: State, have: Have): Operation[] {
  const pools = localPoolOperations(have.localPools, state.localPools);
  return [
    ...repairInterfaces(state, have),
    ...repairNextHops(state, have),
    ...filterOperations(have.filter, state.filter, 'set'),
    ...repairThresholds(state.thresholds, have.thresholds),
    ...limitAdditions(have.limits, state.limits),
    ...pools.set,
    ...repairServices(state, have),
    ...pools.delete,
    ...markOperations(have.marks, state.marks.elements),
    ...limitRemovals(have.limits, state.limits),
    ...filterOperations(have.filter, state.filter, 'clear'),
    ...natServerOperations(have.natServers, state.natServers),
  ];
}

function repairInterfaces(state: State, have: Have): Operation[] {
  const operations: Operation[] = [];
  for (const slot of new Set([...state.interfaces.keys(), ...have.interfaces.keys()])) {
    const value = state.interfaces.get(slot) ?? NO_INTERFACE;
    if (!sameInterface(have.interfaces.get(slot) ?? NO_INTERFACE, value)) {
      operations.push({ op: 'write-interface', slot, value });
    }
  }
  for (const slot of new Set([...state.txPorts.keys(), ...have.txPorts.keys()])) {
    const ifindex = state.txPorts.get(slot);
    if (have.txPorts.get(slot) === ifindex) continue;
    operations.push(ifindex === undefined ? { op: 'delete-tx-port', slot } : { op: 'set-tx-port', slot, ifindex });
  }
  return operations;
}

function repairNextHops(state: State, have: Have): Operation[] {
  const broken = ({ id, value }: { id: number; value: NextHop }) => {
    return !sameNextHop(have.nextHops.get(id) ?? NO_NEXT_HOP, value);
  };
  return [{ id: 0, value: NO_NEXT_HOP }, ...state.nextHops.known.values()]
    .filter(broken)
    .map(({ id, value }) => ({ op: 'write-next-hop', id, value }));
}

function repairServices(state: State, have: Have): Operation[] {
  const found = new Map(have.services.map((service) => [JSON.stringify(service.key), service]));
  const operations: Operation[] = [];
  for (const { element, content, region } of state.entries.values()) {
    if (element === null || content === null || region === null) continue;
    const name = JSON.stringify(element.key);
    const intact = content.lines.every((line, i) => sameLine(have.line(region.line + i) ?? {}, line));
    if (!intact) operations.push({ op: 'write-lines', line: region.line, lines: content.lines });
    if (JSON.stringify(found.get(name)) !== JSON.stringify(element)) {
      operations.push({ op: 'set-service', key: element.key, value: element, settle: null });
    }
    found.delete(name);
  }
  for (const { key } of found.values()) operations.push({ op: 'delete-service', key });
  return operations;
}
