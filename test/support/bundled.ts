/** TypeScript in processes that are started again and again: one file of plain JavaScript, made once. */
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const ROOT = resolve('build/bundles');
/** A bundle looks for them beside itself. */
const ADDONS = ['libbpf-ts/build/Release/bpf_addon.node', 'netio/build/Release/netio_addon.node'];

const bundles = new Map<string, Promise<string>>();

/** Words that start `path` in a fifth of the time that its source takes; the first one makes the bundle. */
export async function bundled(path: string, ...words: readonly string[]): Promise<[file: string, ...words: string[]]> {
  const bundle = bundles.get(path) ?? makeBundle(path);
  bundles.set(path, bundle);
  return [process.execPath, await bundle, ...words];
}

async function makeBundle(path: string): Promise<string> {
  mkdirSync(ROOT, { recursive: true });
  const directory = mkdtempSync(join(ROOT, `${parse(path).name}-`));
  // Some are run as nobody.
  chmodSync(directory, 0o755);
  for (const addon of ADDONS) symlinkSync(resolve('packages', addon), join(directory, parse(addon).base));
  const conditionNames = ['source', 'import', 'node', 'default'];
  const build = await rolldown({ input: path, platform: 'node', resolve: { conditionNames } });
  await build.write({ dir: directory, format: 'esm', entryFileNames: 'main.mjs', codeSplitting: false });
  await build.close();
  return join(directory, 'main.mjs');
}
