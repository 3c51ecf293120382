// Whether two layouts are the same memory with the same meaning: names, offsets, sizes, signs and
// byte order. Sizes alone would let two exchanged fields pass.

import { createHash } from 'node:crypto';
import { requireObject } from './arguments.ts';
import type { Layout, MemberLayout } from './layout.ts';
import type { MapSpec } from './object-spec.ts';

/** The first difference, as a sentence; undefined if there is none. */
export function layoutDifference(expected: Layout, found: Layout, path = ''): string | undefined {
  if (fingerprint(expected) === fingerprint(found)) return undefined;
  const where = path === '' ? 'the type' : path;
  if (expected.kind !== found.kind) return `${where} is ${describe(found)}, not ${describe(expected)}`;
  if (expected.size !== found.size) return `${where} has ${found.size} bytes, not ${expected.size}`;
  if (expected.kind === 'array' && found.kind === 'array') {
    if (expected.length !== found.length) return `${where} has ${found.length} elements, not ${expected.length}`;
    return layoutDifference(expected.element, found.element, `${path}[]`);
  }
  if ('members' in expected && 'members' in found) return memberDifference(expected.members, found.members, path);
  if (describe(expected) !== describe(found)) return `${where} is ${describe(found)}, not ${describe(expected)}`;
  return undefined;
}

/**
 * A hash of a map's type, sizes and layouts: 64 hexadecimal digits. Equal hashes mean that entries
 * written under one spec can be read under the other. The number of entries and the flags are left
 * out, because both may change without changing an entry; so are the names of types and the values
 * of enums. Stable across versions of this package.
 */
export function layoutHash(spec: MapSpec): string {
  requireObject('spec', spec);
  const text = [spec.type, spec.keySize, spec.valueSize, fingerprint(spec.key), fingerprint(spec.value)].join('\n');
  const inner = spec.inner === undefined ? '' : layoutHash(spec.inner);
  return createHash('sha256').update(text).update(inner).digest('hex');
}

function memberDifference(expected: MemberLayout[], found: MemberLayout[], path: string): string | undefined {
  const join = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (let i = 0; i < Math.max(expected.length, found.length); i++) {
    const want = expected[i];
    const have = found[i];
    if (want === undefined) return `${join(have?.name ?? '')} is new`;
    if (have === undefined) return `${join(want.name)} is missing`;
    if (want.name !== have.name) return `${join(want.name)} stands where ${join(have.name)} was`;
    if (place(want) !== place(have)) return `${join(want.name)} is at ${place(have)}, not ${place(want)}`;
    const inner = layoutDifference(want.layout, have.layout, join(want.name));
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function place({ offset, bits }: MemberLayout): string {
  return bits === undefined ? `byte ${offset}` : `bits ${bits.offset} to ${bits.offset + bits.size - 1}`;
}

// What of a scalar decides how its bytes are read.
function describe(layout: Layout): string {
  switch (layout.kind) {
    case 'int': {
      const sign = layout.encoding === 'bool' ? 'bool' : layout.signed ? 'signed' : 'unsigned';
      return `${sign} integer of ${layout.size} bytes${layout.bigEndian ? ' in network byte order' : ''}`;
    }
    case 'enum':
      return `${layout.signed ? 'signed' : 'unsigned'} enum of ${layout.size} bytes`;
    default:
      return `${layout.kind} of ${layout.size} bytes`;
  }
}

const fingerprints = new WeakMap<Layout, string>();

// Equal for layouts without a difference. Kept, because a type may stand in many places.
function fingerprint(layout: Layout): string {
  let known = fingerprints.get(layout);
  if (known === undefined) {
    known = createHash('sha256').update(canonical(layout)).digest('base64');
    fingerprints.set(layout, known);
  }
  return known;
}

function canonical(layout: Layout): string {
  switch (layout.kind) {
    case 'array':
      return `[${layout.length} ${fingerprint(layout.element)}]`;
    case 'struct':
    case 'union': {
      const members = layout.members.map((member) => `${member.name}@${place(member)} ${fingerprint(member.layout)}`);
      return `${layout.kind} ${layout.size}{${members.join(';')}}`;
    }
    default:
      return describe(layout);
  }
}
