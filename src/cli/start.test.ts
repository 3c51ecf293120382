/** The command line starts fast because it loads little: what it loads is followed here. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

/** Modules that `path` loads at once: everything that it imports for more than types. */
function loaded(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  const source = readFileSync(path, 'utf8');
  for (const [, names = '', specifier = ''] of source.matchAll(
    /^(?:import|export)\s+([\w$*{}\s,]*?)(?:\s*\bfrom\s+)?'([^']+)'/gm,
  )) {
    const bound = names.replace(/[{}]/g, '').split(',');
    const typesOnly =
      names.startsWith('type ') || (names.includes('{') && bound.every((name) => /^\s*(type\s|$)/.test(name)));
    if (typesOnly) continue;
    if (!specifier.startsWith('.')) found.add(specifier);
    else if (specifier.endsWith('.ts')) loaded(join(dirname(path), specifier), found);
  }
  return found;
}

it('loads commander and what node has, and nothing else', () => {
  const modules = [...loaded('src/cli/main.ts')];
  expect(modules).toContain('src/api/client.ts');
  expect(modules).toContain('commander');
  const packages = modules.filter((name) => !name.startsWith('src/') && !name.startsWith('node:'));
  expect(packages).toEqual(['commander']);
});
