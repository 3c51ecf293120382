/** What the writer and the reader of the state file agree on. */

/** Of the files that are written: 2 leaves out defaults, and names no parts of slots, which an older reader calls faults. */
export const VERSION = 2;
/** Those that can be read. 1: of xlb 0.1. */
export const VERSIONS = [1, VERSION] as const;

/** The file is there and is not what it should be; the message says where. */
export class StateFileError extends Error {
  constructor(path: string, found: string) {
    super(`${path}: ${found}. Nothing was changed; mend the file, or move it away to start with nothing configured`);
    this.name = 'StateFileError';
  }
}
