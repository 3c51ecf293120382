/** What the writer and the reader of the state file agree on. */

export const VERSION = 1;

/** The file is there and is not what it should be; the message says where. */
export class StateFileError extends Error {
  constructor(path: string, found: string) {
    super(`${path}: ${found}. Nothing was changed; mend the file, or move it away to start with nothing configured`);
    this.name = 'StateFileError';
  }
}
