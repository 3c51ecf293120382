/**
 * What this process holds, as a file: it survives a crash, and who starts next takes away what was
 * left. Not synced: what ends the machine ends the addresses, too.
 */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Assigner } from '../../net/assign/assigner.ts';
import { Mutex } from '../mutex.ts';
import { deleteHolding, type Holding } from './holding.ts';
import { holdingText, parseHolding } from './holding-text.ts';
import type { NetworkView } from './network-view.ts';

/** What instances hold, and what stands in the file as static. */
export type HeldKind = 'vrrp' | 'static';

interface Kept {
  /** Indexes are given anew when interfaces are made anew. */
  readonly device: string | null;
  readonly holding: Holding;
}

export class HeldFile {
  readonly #path: string;
  readonly #saving = new Mutex();
  readonly #view: Pick<NetworkView, 'linkAt' | 'addressesOf'>;

  constructor(directory: string, kind: HeldKind, view: Pick<NetworkView, 'linkAt' | 'addressesOf'>) {
    this.#path = join(directory, `${kind}-held.json`);
    this.#view = view;
  }

  /** One after the other; never in the way of an advertisement. Rejects with the system's error. */
  save(held: readonly Holding[]): Promise<void> {
    const kept = held.map((holding): Kept => ({ device: this.#deviceOf(holding), holding }));
    return this.#saving.run(async () => {
      await writeFile(`${this.#path}.new`, `${holdingText(kept)}\n`, { mode: 0o640 });
      await rename(`${this.#path}.new`, this.#path);
    });
  }

  /** What an earlier process left where it was. */
  left(): Holding[] {
    return this.#load()
      .filter(({ device, holding }) => this.#deviceOf(holding) === device)
      .map(({ holding }) => holding);
  }

  /** Takes away whatever an earlier process left, and tells which addresses that were. */
  async clean(assigner: Assigner): Promise<string[]> {
    const left = this.#load().filter(({ device, holding }) => this.#deviceOf(holding) === device);
    const found = left.flatMap(({ device, holding }) =>
      this.#isThere(holding) ? [`${holding.value.address} on ${device}`] : [],
    );
    for (const { holding } of left.reverse()) await deleteHolding(assigner, holding);
    await this.save([]);
    return found;
  }

  #isThere(holding: Holding): holding is Extract<Holding, { kind: 'address' }> {
    if (holding.kind !== 'address') return false;
    const { ifindex, address } = holding.value;
    return this.#view.addressesOf(ifindex).some((each) => each.address === address);
  }

  #load(): Kept[] {
    try {
      return parseHolding(readFileSync(this.#path, 'utf8')) as Kept[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new Error(`${this.#path}: what an earlier process held cannot be read: ${String(error)}`);
    }
  }

  #deviceOf(holding: Holding): string | null {
    return holding.kind === 'address' ? (this.#view.linkAt(holding.value.ifindex)?.name ?? null) : null;
  }
}
