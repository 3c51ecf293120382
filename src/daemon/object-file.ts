/** Where the compiled data plane lies: beside the installed bundle, or in the build directory of a checkout. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function objectFile(): string {
  const candidates = ['bpf/xlb.bpf.o', '../../build/bpf/xlb.bpf.o'];
  const paths = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`the BPF object is missing: neither ${paths.join(' nor ')} is there`);
  return found;
}
