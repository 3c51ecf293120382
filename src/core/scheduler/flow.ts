import type { Address } from '../model/model.ts';

/** What schedulers see of a connection. */
export interface Flow {
  readonly source: Address;
  /** Host order. */
  readonly sourcePort: number;
  readonly destination: Address;
}
