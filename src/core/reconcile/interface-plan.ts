/** Which interfaces and ports the maps are to have: what is new goes before services, what is gone after them. */
import type { LocalInterface } from '../model/resolution.ts';
import { interfaceSlot, interfaceValue, NO_INTERFACE, sameInterface } from './next-hop.ts';
import type { Operation } from './operations.ts';
import type { State } from './reconciler.ts';

export function planInterfaces(
  published: Pick<State, 'interfaces' | 'txPorts'>,
  interfaces: readonly LocalInterface[],
) {
  const values = new Map(interfaces.map((it) => [interfaceSlot(it.ifindex), interfaceValue(it)]));
  const txPorts = new Map([...values].map(([slot, { ifindex }]) => [slot, ifindex]));
  const before: Operation[] = [];
  const after: Operation[] = [];
  for (const [slot, value] of values) {
    const old = published.interfaces.get(slot);
    if (old === undefined || !sameInterface(old, value)) before.push({ op: 'write-interface', slot, value });
    if (published.txPorts.get(slot) !== value.ifindex) before.push({ op: 'set-tx-port', slot, ifindex: value.ifindex });
  }
  for (const slot of published.interfaces.keys()) {
    if (!values.has(slot)) after.push({ op: 'write-interface', slot, value: NO_INTERFACE });
  }
  for (const slot of published.txPorts.keys()) {
    if (!values.has(slot)) after.push({ op: 'delete-tx-port', slot });
  }
  return { values, txPorts, before, after };
}
