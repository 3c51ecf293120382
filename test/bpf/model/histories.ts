/** The random histories that the program and the model go through. */
import { WEAK_TAG_KEY } from '../settings.ts';
import type { History } from './differential.ts';

export interface NamedHistory {
  readonly name: string;
  /** Of all packets. */
  readonly share: number;
  /** What is special. */
  readonly options: Omit<History, 'seed' | 'packets'>;
}

export const HISTORIES: readonly NamedHistory[] = [
  { name: 'room for every connection', share: 0.25, options: { buckets: 1024, flows: 200 } },
  { name: 'buckets often full', share: 0.35, options: { buckets: 4, flows: 250 } },
  { name: 'shared tags', share: 0.25, options: { buckets: 16, flows: 120, hashKey: WEAK_TAG_KEY } },
  { name: 'the program for fragments', share: 0.15, options: { buckets: 8, flows: 60, program: 'xlb_frags' } },
];
