/**
 * What the maps cannot tell a controller that starts again: which ids deleted
 * services and servers still hold. It is saved with the model after every change.
 */
import type { ServerKey, ServiceKey } from '../model/model.ts';
import type { State } from './reconciler.ts';

export interface Remembered {
  readonly key: ServiceKey;
  readonly id: number;
  /** By slot; null: a hole. */
  readonly slots: readonly ({ readonly key: ServerKey; readonly id: number } | null)[];
}

export function remember({ entries }: State): Remembered[] {
  return [...entries.values()].map(({ key, id, slots }) => ({
    key,
    id,
    slots: slots.map((slot) => (slot === undefined ? null : { key: slot.key, id: slot.id })),
  }));
}
