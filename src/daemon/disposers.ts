/** What was started, to be stopped in reverse order. */

type Disposer = () => void | Promise<void>;

export class Disposers {
  readonly #stack: { name: string; dispose: Disposer }[] = [];
  #running: Promise<readonly Fault[]> | undefined;

  /** Called when everything that was added later is stopped. */
  add(name: string, dispose: Disposer): void {
    this.#stack.push({ name, dispose });
  }

  use<T extends Disposable>(name: string, value: T): T {
    this.add(name, () => value[Symbol.dispose]());
    return value;
  }

  /** Stops everything; one that fails does not keep the others running. Twice is safe. */
  dispose(): Promise<readonly Fault[]> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<readonly Fault[]> {
    const faults: Fault[] = [];
    for (let next = this.#stack.pop(); next !== undefined; next = this.#stack.pop()) {
      try {
        await next.dispose();
      } catch (error) {
        faults.push({ name: next.name, error });
      }
    }
    return faults;
  }
}

export interface Fault {
  readonly name: string;
  readonly error: unknown;
}
