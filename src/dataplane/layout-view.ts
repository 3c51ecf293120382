/**
 * Offsets of fields, for the few places that read mapped memory field by field
 * because a codec's objects would be too slow. They come from the BTF layout.
 */
import type { Layout, MemberLayout, StructLayout } from 'libbpf-ts';
import { DataplaneError } from './error.ts';

/** The member of a struct at a path like `source.word`; throws where the object has none. */
export function memberAt(layout: Layout, path: string): MemberLayout {
  let member: MemberLayout = { name: '', offset: 0, layout };
  for (const name of path.split('.')) {
    const struct = member.layout as StructLayout;
    const next = struct.members?.find((candidate) => candidate.name === name);
    if (next === undefined) throw new DataplaneError('object', `the BPF object has no field ${path}`);
    member = { ...next, offset: member.offset + next.offset };
  }
  return member;
}

/** Index of a field in a typed array whose elements have `unit` bytes and that starts where the struct does. */
export function indexOf(layout: Layout, path: string, unit: number): number {
  const { offset } = memberAt(layout, path);
  if (offset % unit !== 0) throw new DataplaneError('object', `the field ${path} is not aligned to ${unit} bytes`);
  return offset / unit;
}
