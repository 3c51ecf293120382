/** Which services differ between two models: those that no command touched are the very objects that they were. */
import type { Model, VirtualService } from './model.ts';

export interface ServiceChange {
  /** Undefined: it is new. */
  readonly before: VirtualService | undefined;
  /** Undefined: it is gone. */
  readonly after: VirtualService | undefined;
}

/** In the order of `after`; then those that are gone. */
export function changedServices(before: Model['services'], after: Model['services']): ServiceChange[] {
  if (before === after) return [];
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
