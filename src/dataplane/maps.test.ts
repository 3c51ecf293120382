import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('docs/ARCHITECTURE.md lists every pinned map, and no other', () => {
  const headers = readdirSync('bpf').filter((name) => name.endsWith('.h'));
  const declared = headers.flatMap((name) => matches(`bpf/${name}`, /^\} (\w+) SEC\("\.maps"\);$/gm).flat());
  const rows = matches('docs/ARCHITECTURE.md', /^\| ((?:`\w+`(?:, )?)+) \| .+ -> /gm).flat();
  const listed = rows.flatMap((names) => names.replaceAll('`', '').split(', '));
  expect(listed.toSorted()).toEqual(declared.toSorted());
});

function matches(path: string, pattern: RegExp): string[][] {
  return [...readFileSync(path, 'utf8').matchAll(pattern)].map((match) => match.slice(1));
}
