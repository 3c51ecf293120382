// Layouts made by hand, for tests that need no compiler.

import type { ArrayLayout, IntLayout, Layout, MemberLayout, StructLayout } from '../src/layout.ts';
import type { MapSpec } from '../src/object-spec.ts';

export function int(size: number, options: Partial<IntLayout> = {}): IntLayout {
  return { kind: 'int', name: `u${size * 8}`, size, signed: false, encoding: 'int', bigEndian: false, ...options };
}

export const u8 = int(1);
export const u16 = int(2);
export const u32 = int(4);
export const u64 = int(8);
export const be16 = int(2, { bigEndian: true });

export function array(element: Layout, length: number): ArrayLayout {
  return { kind: 'array', element, length, size: element.size * length };
}

/** Members in a row, without gaps. */
export function struct(fields: Record<string, Layout>, kind: 'struct' | 'union' = 'struct'): StructLayout {
  let offset = 0;
  const members: MemberLayout[] = [];
  for (const [name, layout] of Object.entries(fields)) {
    members.push({ name, offset: kind === 'struct' ? offset : 0, layout });
    offset += layout.size;
  }
  const sizes = Object.values(fields).map(({ size }) => size);
  return { kind, name: 'sample', size: kind === 'struct' ? offset : Math.max(...sizes), members };
}

export function spec(options: Partial<MapSpec> = {}): MapSpec {
  const { key = u32, value = u64 } = options;
  return {
    name: 'sample',
    type: 'hash',
    keySize: key.size,
    valueSize: value.size,
    maxEntries: 4,
    flags: 0,
    key,
    value,
    ...options,
  };
}

/** The error that a call throws; fails the test if it throws none. */
export function thrown(act: () => unknown): Error & { code?: string; errno?: number; log?: string } {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
