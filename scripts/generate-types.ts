/**
 * Writes src/dataplane/types.gen.ts from the BTF of build/bpf/xlb.bpf.o: types of
 * keys, values and program arguments, and the enums as constants. No offsets:
 * libbpf-ts takes those from the object when it loads.
 *
 *   tsx --conditions=source scripts/generate-types.ts            writes the file
 *   tsx --conditions=source scripts/generate-types.ts --check    exit 1 where it is not what the object says
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type EnumLayout, type Layout, type ObjectSpec, readObjectSpec, type StructLayout } from 'libbpf-ts';

const OBJECT = fileURLToPath(new URL('../build/bpf/xlb.bpf.o', import.meta.url));
const TARGET = fileURLToPath(new URL('../src/dataplane/types.gen.ts', import.meta.url));

const HEADER = `// Made by scripts/generate-types.ts from the BTF of xlb.bpf.o; do not edit.
// What the fields mean stands in bpf/types.h. Integers of 64 bits are bigints; __be16
// and __be32, in network order in memory, are plain numbers here.
`;

/** The whole file; the same object gives the same text. */
export function generateTypes(spec: ObjectSpec): string {
  const found = new Map<string, StructLayout | EnumLayout>();
  for (const map of spec.maps.values()) {
    if (map.name.startsWith('.')) continue;
    collect(map.key, found);
    collect(map.value, found);
  }
  for (const [name, type] of spec.types) {
    if (name.endsWith('_arguments')) collect(type, found);
    if (name === 'kept_types' && type.kind === 'struct') for (const { layout } of type.members) collect(layout, found);
  }
  const sorted = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const enums = sorted.filter((type) => type.kind === 'enum').map(enumText);
  const structs = sorted.filter((type) => type.kind !== 'enum').map(structText);
  return `${[HEADER, ...enums, ...structs, mapsText(spec)].join('\n')}`;
}

function collect(layout: Layout, found: Map<string, StructLayout | EnumLayout>): void {
  if (layout.kind === 'array') collect(layout.element, found);
  if (layout.kind === 'enum') found.set(layout.name, layout);
  if (layout.kind !== 'struct' && layout.kind !== 'union') return;
  found.set(layout.name, layout);
  for (const member of layout.members) collect(member.layout, found);
}

function enumText({ name, values }: EnumLayout): string {
  const lines = values.map((item) => `  ${item.name}: ${item.value},\n`).join('');
  return `/** enum ${name} */\nexport const ${pascal(name)} = {\n${lines}} as const;\n`;
}

function structText({ kind, name, members }: StructLayout): string {
  const lines = members.map((member) => {
    const optional = kind === 'union' || /^_*(pad|reserved)/i.test(member.name) ? '?' : '';
    return `  readonly ${member.name}${optional}: ${typeText(member.layout)};\n`;
  });
  const comment =
    kind === 'union' ? `/** union ${name}: one member when written, all of them when read */` : `/** struct ${name} */`;
  return `${comment}\nexport interface ${pascal(name)} {\n${lines.join('')}}\n`;
}

function mapsText(spec: ObjectSpec): string {
  const maps = [...spec.maps.values()].filter(({ name }) => !name.startsWith('.'));
  const lines = maps
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      ({ name, key, value }) => `  readonly ${name}: readonly [key: ${typeText(key)}, value: ${typeText(value)}];\n`,
    );
  return `/** Every map, by name. */\nexport interface MapTypes {\n${lines.join('')}}\n`;
}

function typeText(layout: Layout): string {
  switch (layout.kind) {
    case 'struct':
    case 'union':
      return pascal(layout.name);
    case 'array':
      return layout.element.size === 1 ? 'Uint8Array' : `readonly ${typeText(layout.element)}[]`;
    case 'int':
      if (layout.encoding === 'bool') return 'boolean';
      return layout.size === 8 ? 'bigint' : 'number';
    case 'enum':
      return layout.size === 8 ? 'bigint' : 'number';
    case 'bytes':
      return 'Uint8Array';
    case 'ptr':
      return 'bigint';
    case 'float':
      return 'number';
  }
}

function pascal(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_match, _underscore, letter: string) => letter.toUpperCase());
}

function main(argv: readonly string[]): number {
  const text = generateTypes(readObjectSpec(readFileSync(OBJECT), 'xlb.bpf.o'));
  if (!argv.includes('--check')) {
    writeFileSync(TARGET, text);
    return 0;
  }
  if (readOrEmpty(TARGET) === text) return 0;
  console.error(
    'src/dataplane/types.gen.ts is not what build/bpf/xlb.bpf.o says: run scripts/generate-types.ts and commit the file',
  );
  return 1;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
