/**
 * Addresses, routes and rules that are there while xlbd runs. What was there before it is not its own, and
 * stays. What someone takes away, or goes with its interface, is put back.
 */
import type { ConfigModel } from '../../core/config/model/build-model.ts';
import type { Assigner } from '../../net/assign/assigner.ts';
import { readIpNames } from '../../net/assign/ip-names.ts';
import type { HeldFile } from './held-file.ts';
import { addHolding, deleteHolding, type Holding, holdingKey, staticHoldings } from './holding.ts';
import type { NetworkView } from './network-view.ts';
import type { LogLevel } from './protocol.ts';

export interface StaticsOptions {
  readonly assigner: Assigner;
  readonly view: Pick<NetworkView, 'link'>;
  readonly file: Pick<HeldFile, 'save'>;
  readonly log: (level: LogLevel, fields: object, message: string) => void;
}

/** After those of instances, which begin at 16384 and go down. */
const FIRST_RULE_PRIORITY = 16384;
/** No interface has it: the kernel says so where an address would need one. */
const NOWHERE = 0;
/** Milliseconds. */
const ROUTES_REST = 200;

export class Statics {
  readonly #options: StaticsOptions;
  #wanted: ConfigModel['statics'] | null = null;
  /** Given by this process, or left by one that was killed. */
  #own: readonly Holding[] = [];
  /** Told already, until it is over. */
  #faults = new Set<string>();
  #done: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StaticsOptions) {
    this.#options = options;
  }

  /** What an earlier process left is this one's: it goes where the file does not have it any more. */
  adopt(left: readonly Holding[]): void {
    this.#own = left;
  }

  configure(wanted: ConfigModel['statics']): void {
    this.#wanted = wanted;
    this.settle();
  }

  /** Links or addresses are not what they were. */
  settle(): void {
    if (this.#wanted !== null) this.#done = this.#done.then(() => this.#bring(this.#wanted));
  }

  /** A route came or went, as they do by the thousand where a routing daemon runs. */
  settleSoon(): void {
    if (this.#wanted === null || this.#wanted.routes.length === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.settle();
    }, ROUTES_REST);
  }

  /** Takes away what this process gave. */
  async end(): Promise<void> {
    this.#wanted = null;
    clearTimeout(this.#timer);
    this.#done = this.#done.then(() => this.#bring(null));
    await this.#done;
  }

  async #bring(wanted: ConfigModel['statics'] | null): Promise<void> {
    const { holdings, faults } = this.#holdings(wanted);
    const keys = new Set(holdings.map(holdingKey));
    const failed = [...faults];
    for (const holding of this.#own.filter((each) => !keys.has(holdingKey(each))).reverse()) {
      await deleteHolding(this.#options.assigner, holding).catch((error: unknown) => failed.push(String(error)));
    }
    const mine = new Set(this.#own.map(holdingKey));
    const own: Holding[] = [];
    for (const holding of holdings) {
      try {
        const taken = await addHolding(this.#options.assigner, holding);
        if (taken === 'added' || mine.has(holdingKey(holding))) own.push(holding);
      } catch (error) {
        failed.push(error instanceof Error ? error.message : String(error));
      }
    }
    await this.#keep(own, mine);
    this.#tell(failed);
  }

  #holdings(wanted: ConfigModel['statics'] | null): { holdings: Holding[]; faults: string[] } {
    if (wanted === null) return { holdings: [], faults: [] };
    const ifindexOf = (name: string) => this.#options.view.link(name)?.ifindex;
    const standard = ifindexOf(wanted.interface) ?? NOWHERE;
    const rulePriority = FIRST_RULE_PRIORITY + wanted.rules.length;
    return staticHoldings(wanted, { ifindexOf, standard, other: standard, names: readIpNames(), rulePriority });
  }

  async #keep(own: readonly Holding[], before: ReadonlySet<string>): Promise<void> {
    this.#own = own;
    if (own.length === before.size && own.every((holding) => before.has(holdingKey(holding)))) return;
    await this.#options.file.save(own).catch((error: unknown) => this.#tell([String(error)]));
  }

  #tell(faults: readonly string[]): void {
    for (const fault of faults) if (!this.#faults.has(fault)) this.#options.log('warn', {}, `static: ${fault}`);
    this.#faults = new Set(faults);
  }
}
