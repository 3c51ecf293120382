/** global_defs as one block, however many the file has. */
import { last, type Setting, type Settings } from '../keyword.ts';
import type { GLOBAL_DEFS } from '../keywords/global-defs.ts';
import type { File } from '../keywords/root.ts';

export type Globals = Settings<typeof GLOBAL_DEFS>;

export function globalsOf(file: File): Globals {
  const merged: Record<string, unknown[]> = {};
  for (const { block } of file.global_defs ?? []) {
    for (const [name, settings] of Object.entries(block)) merged[name] = [...(merged[name] ?? []), ...settings];
  }
  return merged as Globals;
}

/** The value of the first that is said: the own word, the one for all, the default. */
export function firstOf<V>(standard: V, ...settings: readonly (readonly Setting<V>[] | undefined)[]): V {
  return last(settings.find((each) => each !== undefined))?.value ?? standard;
}
