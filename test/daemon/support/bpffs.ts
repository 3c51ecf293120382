/** A BPF file system of a test's own, unmounted at its end. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEFAULT_SIZES, type Sizes } from '../../../src/dataplane/sizes.ts';

export const OBJECT = resolve(import.meta.dirname, '../../../build/bpf/xlb.bpf.o');

export const SMALL: Sizes = {
  ...DEFAULT_SIZES,
  connections: 4096,
  services: 64,
  realServers: 256,
  scheduleLines: 4096,
  nextHops: 64,
};

export class TestBpffs implements Disposable {
  readonly path: string;
  readonly #directory: string;

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'xlb-bpffs-'));
    this.path = join(this.#directory, 'bpf');
  }

  [Symbol.dispose](): void {
    try {
      execFileSync('umount', ['-l', this.path], { stdio: 'ignore' });
    } catch {
      // Nothing was mounted.
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
