/**
 * The heart of the daemon: one model, one reconciler, one writer. A plan is made
 * from the model and from what the network says now, executed, and only then
 * the reconciler's state. All of it happens within one turn of the event loop,
 * so a command and a new MAC address never get between each other's operations.
 */
import type { Model } from '../core/model/model.ts';
import type { Have, Operation } from '../core/reconcile/operations.ts';
import type { Entry, Network, Planned, Reconciler, State } from '../core/reconcile/reconciler.ts';
import { repair } from '../core/reconcile/repair.ts';
import type { Recount } from '../dataplane/sweeper.ts';

/** The maps, as far as the director needs them. */
export interface Maps {
  /** Executes all of them, or throws at the first that fails. */
  apply(operations: readonly Operation[]): void;
  read(): Have;
  /** Writes the settings that the model decides, where they differ. */
  tune(model: Model): void;
}

export interface DirectorOptions {
  readonly model: Model;
  readonly reconciler: Reconciler;
  readonly maps: Maps;
  /** What the network says at this moment. */
  readonly network: (model: Model) => Network;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Told of operations that were executed. */
  readonly onApplied?: (operations: readonly Operation[]) => void;
}

/** A model that fits, with the plan to get there. */
export interface Prepared {
  readonly ok: true;
  readonly model: Model;
  readonly plan: Extract<Planned, { ok: true }>;
  readonly generation: number;
}

export class Director {
  readonly #options: DirectorOptions;
  #model: Model;
  /** Grows with everything that makes an older plan void. */
  #generation = 0;

  constructor(options: DirectorOptions) {
    this.#options = options;
    this.#model = options.model;
  }

  get model(): Model {
    return this.#model;
  }

  /** Ids, slots and lines of services by `serviceKeyText`; those deleted lately too. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#reconciler.state.entries;
  }

  /** Which ids, slots and lines belong to what. */
  get state(): State {
    return this.#reconciler.state;
  }

  /** Writes settings anew: something besides the model has changed that they depend on. */
  tune(): void {
    this.#options.maps.tune(this.#model);
  }

  /** Real servers that were deleted and may still have connections. */
  get retiredServers(): readonly number[] {
    return this.#reconciler.retiredServers;
  }

  /** Something deleted waits for the last connection that holds its slot. */
  get isWaitingForRecount(): boolean {
    const deleted = [...this.entries.values()].some((entry) => entry.deletedAt !== null);
    return deleted || this.#reconciler.retiredServers.length > 0;
  }

  /** Plans a model without doing anything; not ok where the maps have no room. */
  prepare(model: Model): Prepared | { readonly ok: false; readonly message: string } {
    const plan = this.#plan(model);
    return plan.ok ? { ok: true, model, plan, generation: this.#generation } : plan;
  }

  /** Makes a prepared model the model. Throws where the kernel refuses a write; the maps are then as before. */
  commit(prepared: Prepared): void {
    const plan = prepared.generation === this.#generation ? prepared.plan : this.#plan(prepared.model);
    if (!plan.ok) throw new Error(plan.message);
    this.#execute(plan, prepared.model);
    this.#model = prepared.model;
  }

  /** Follows the network. Throws as `commit` does. Says whether anything had to be written. */
  refresh(): boolean {
    this.#generation++;
    const plan = this.#plan(this.#model);
    if (!plan.ok) throw new Error(plan.message);
    this.#execute(plan, this.#model);
    return plan.operations.length > 0;
  }

  /** Puts right what differs from what was written; answers what it did. */
  repair(): readonly Operation[] {
    const operations = repair(this.#reconciler.state, this.#options.maps.read());
    if (operations.length > 0) this.#options.maps.apply(operations);
    this.#options.maps.tune(this.#model);
    return operations;
  }

  /** After a full recount: ids that no connection refers to become free. Says whether `refresh` has something to clear. */
  recounted({ isReferenced, startedAt }: Recount): boolean {
    this.#generation++;
    return this.#reconciler.recounted(isReferenced, startedAt, this.#options.now());
  }

  get #reconciler(): Reconciler {
    return this.#options.reconciler;
  }

  #plan(model: Model): Planned {
    const { network, now } = this.#options;
    return this.#reconciler.plan(model, network(model), now());
  }

  #execute(plan: Extract<Planned, { ok: true }>, model: Model): void {
    try {
      this.#options.maps.tune(model);
      this.#options.maps.apply(plan.operations);
    } catch (error) {
      this.#takeBack();
      throw error;
    }
    this.#generation++;
    this.#reconciler.commit(plan);
    if (plan.operations.length > 0) this.#options.onApplied?.(plan.operations);
  }

  /** The state is still the one before the plan. What the kernel refuses even now, the next repair mends. */
  #takeBack(): void {
    try {
      this.repair();
    } catch {
      // The fault that led here is the one to tell.
    }
  }
}
