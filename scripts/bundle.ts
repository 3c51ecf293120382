/**
 * Makes the two executables, dist/xlb and dist/xlbd, and xlbd's VRRP thread: each one
 * file beside its chunks. What they open at run time lies beside them as well
 * (*_addon.node, bpf/*.o), so dist/ can be copied whole.
 */
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OutputAsset, type OutputChunk, rolldown } from 'rolldown';

const DIST = 'dist';
const EXECUTABLES = ['xlb', 'xlbd'];
/** Each with chunks of its own: what one program shares with another would be many small files, and each takes its time to open. */
const PROGRAMS: Record<string, string> = {
  xlb: 'src/cli/main.ts',
  xlbd: 'src/daemon/main.ts',
  'vrrp-worker.js': 'src/daemon/vrrp/worker.ts',
};

function removeOldChunks(): void {
  mkdirSync(DIST, { recursive: true });
  for (const name of readdirSync(DIST)) if (name.endsWith('.js')) rmSync(join(DIST, name));
}

/** V8 keeps a whole file in two bytes a character, and reads it slower, where one character needs them. */
function toAscii(file: OutputChunk | OutputAsset): void {
  if (file.type !== 'chunk') return;
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  file.code = file.code.replace(/\P{ASCII}/gu, (character) => character.split('').map(escaped).join(''));
}

async function bundle(name: string, file: string): Promise<void> {
  const build = await rolldown({
    input: { [name]: file },
    platform: 'node',
    resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
    plugins: [{ name: 'ascii', generateBundle: (_, bundle) => Object.values(bundle).forEach(toAscii) }],
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(`rolldown: ${log.message}`);
    },
  });
  await build.write({
    dir: DIST,
    format: 'esm',
    entryFileNames: '[name]',
    chunkFileNames: '[name]-[hash].js',
    banner: (chunk) => (EXECUTABLES.includes(chunk.name) ? '#!/usr/bin/env node' : ''),
  });
  await build.close();
}

removeOldChunks();
for (const [name, file] of Object.entries(PROGRAMS)) await bundle(name, file);
// Executables without a suffix are ES modules because of this file.
writeFileSync(join(DIST, 'package.json'), '{ "private": true, "type": "module" }\n');
for (const name of EXECUTABLES) chmodSync(join(DIST, name), 0o755);
