/** Which services differ between two models: those that no command touched are the very objects that they were. */
import type { Model, VirtualService } from './model.ts';

export interface ServiceChange {
  /** Undefined: it is new. */
  readonly before: VirtualService | undefined;
  /** Undefined: it is gone. */
  readonly after: VirtualService | undefined;
}

type Services = Model['services'];

const known = new WeakMap<Services, { readonly after: Services; readonly changes: readonly ServiceChange[] }>();

/** In the order of `after`; then those that are gone. Each stage of a change asks: found once for a pair. */
export function changedServices(before: Services, after: Services): readonly ServiceChange[] {
  const last = known.get(before);
  if (last?.after === after) return last.changes;
  const changes = compare(before, after);
  known.set(before, { after, changes });
  return changes;
}

function compare(before: Services, after: Services): readonly ServiceChange[] {
  const changes: ServiceChange[] = [];
  for (const [name, service] of after) {
    const old = before.get(name);
    if (old !== service) changes.push({ before: old, after: service });
  }
  for (const [name, service] of before) {
    if (!after.has(name)) changes.push({ before: service, after: undefined });
  }
  return changes;
}
