// Structs and unions. Anonymous members are folded into their parent, so a struct is a list of
// steps: a field, or a choice between alternatives that share bytes (a union).

import { show } from './arguments.ts';
import { type Coder, type Decode, type Encode, Misfit, unsupported } from './codec-scalar.ts';
import type { MemberLayout, StructLayout } from './layout.ts';

interface Field {
  kind: 'field';
  name: string;
  offset: number;
  size: number;
  /** May be left out: zero. */
  optional: boolean;
  encode: Encode;
  decode: Decode;
}

interface Choice {
  kind: 'choice';
  offset: number;
  size: number;
  alternatives: { names: string[]; size: number; steps: Step[] }[];
}

type Step = Field | Choice;
type Fields = Record<string, unknown>;
type MemberCoder = (member: MemberLayout) => Coder;

// Hostile types may fold into a number of fields that is exponential in their size.
const MAX_FIELDS = 4096;

export function structCoder(layout: StructLayout, memberCoder: MemberCoder): Coder {
  const folder = new Folder(memberCoder);
  const steps = layout.kind === 'union' ? [folder.choice(layout, 0)] : folder.steps(layout, 0);
  if (folder.count > MAX_FIELDS) return unsupported(`structs of more than ${MAX_FIELDS} members`);
  const fields = fieldsOf(steps);
  const flat = steps.every((step) => step.kind === 'field');
  return {
    encode: (value, bytes, at) => {
      if (typeof value !== 'object' || value === null) throw new Misfit(`${show(value)} is not an object`);
      if (flat) encodeFields(fields, value as Fields, bytes, at);
      else encodeSteps(steps, value as Fields, bytes, at);
    },
    decode: (bytes, at) => {
      const out: Fields = {};
      for (const field of fields) out[field.name] = field.decode(bytes, at + field.offset);
      return out;
    },
  };
}

class Folder {
  count = 0;
  readonly #memberCoder: MemberCoder;

  constructor(memberCoder: MemberCoder) {
    this.#memberCoder = memberCoder;
  }

  steps(layout: StructLayout, base: number): Step[] {
    return layout.members.flatMap((member) => this.#memberSteps(member, base));
  }

  choice(layout: StructLayout, offset: number): Choice {
    const alternatives = layout.members.map((member) => {
      const steps = this.#memberSteps(member, offset);
      return { names: fieldsOf(steps).map(({ name }) => name), size: member.layout.size, steps };
    });
    return { kind: 'choice', offset, size: layout.size, alternatives };
  }

  #memberSteps(member: MemberLayout, base: number): Step[] {
    this.count++;
    if (this.count > MAX_FIELDS) return [];
    const { layout, name } = member;
    const offset = base + member.offset;
    if (name === '') {
      if (layout.kind === 'struct') return this.steps(layout, offset);
      if (layout.kind === 'union') return [this.choice(layout, offset)];
      // An unnamed bit field is padding.
      return [];
    }
    const { encode, decode } = this.#memberCoder(member);
    return [{ kind: 'field', name, offset, size: layout.size, optional: isOptional(member), encode, decode }];
  }
}

// Padding, and fields that only the kernel writes.
function isOptional({ name, layout }: MemberLayout): boolean {
  if (/^_*(pad|reserved)/i.test(name)) return true;
  return layout.kind === 'struct' && (layout.name === 'bpf_spin_lock' || layout.name === 'bpf_timer');
}

function fieldsOf(steps: Step[]): Field[] {
  return steps.flatMap((step) =>
    step.kind === 'field' ? [step] : step.alternatives.flatMap((alternative) => fieldsOf(alternative.steps)),
  );
}

function encodeSteps(steps: Step[], value: Fields, bytes: Uint8Array, at: number): void {
  for (const step of steps) {
    if (step.kind === 'field') encodeField(step, value, bytes, at);
    else encodeChoice(step, value, bytes, at);
  }
}

function encodeFields(fields: Field[], value: Fields, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < fields.length; i++) encodeField(fields[i] as Field, value, bytes, at);
}

function encodeField(field: Field, value: Fields, bytes: Uint8Array, at: number): void {
  const item = value[field.name];
  if (item === undefined) {
    if (field.optional) return;
    throw new Misfit('missing').at(field.name);
  }
  try {
    field.encode(item, bytes, at + field.offset);
  } catch (error) {
    throw error instanceof Misfit ? error.at(field.name) : error;
  }
}

function encodeChoice(step: Choice, value: Fields, bytes: Uint8Array, at: number): void {
  const given = step.alternatives.filter(({ names }) => names.some((name) => value[name] !== undefined));
  const [first] = given.sort((a, b) => b.size - a.size);
  if (first === undefined) {
    const names = step.alternatives.flatMap((alternative) => alternative.names);
    throw new Misfit(`missing; give one of ${names.join(', ')}`);
  }
  encodeSteps(first.steps, value, bytes, at);
  for (const other of given.slice(1)) checkAgreement(step, first.names, other, value, bytes, at);
}

// What was decoded has every member of a union and must encode again.
function checkAgreement(
  step: Choice,
  firstNames: string[],
  other: Choice['alternatives'][number],
  value: Fields,
  bytes: Uint8Array,
  at: number,
): void {
  const start = at + step.offset;
  const scratch = new Uint8Array(start + step.size);
  scratch.set(bytes.subarray(start, start + step.size), start);
  encodeSteps(other.steps, value, scratch, at);
  for (let i = start; i < start + step.size; i++) {
    if (scratch[i] === bytes[i]) continue;
    throw new Misfit(`${firstNames.join(', ')} and ${other.names.join(', ')} share bytes and disagree; give one`);
  }
}
