/** One at a time, in the order of asking. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    // A task that fails does not keep the next one from running.
    this.#last = result.catch(() => {});
    return result;
  }
}
