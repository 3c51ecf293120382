/** The one error class of this layer. */

/**
 * - `bpffs`: the directory for pins is no BPF file system and cannot be made one
 * - `pins`: what is pinned there is not a whole data plane of this layout
 * - `permission`: a capability is missing
 * - `object`: the BPF object cannot be loaded, or fails its self-test
 * - `kernel`: the kernel refused an operation
 * - `in-use`: another daemon works on the same pins
 * - the others: why an interface cannot be attached or detached
 */
export type DataplaneErrorCode =
  | 'bpffs'
  | 'pins'
  | 'permission'
  | 'object'
  | 'kernel'
  | 'in-use'
  | 'no-such-interface'
  | 'not-attached'
  | 'already-attached'
  | 'interface-busy'
  | 'slot-taken'
  | 'mtu-too-large'
  | 'not-supported';

/** A failure of the data plane; `message` is a sentence for a person: what was found, what to do. */
export class DataplaneError extends Error {
  readonly code: DataplaneErrorCode;

  constructor(code: DataplaneErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DataplaneError';
    this.code = code;
  }
}
