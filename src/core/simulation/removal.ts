/** How a real server is taken out: deleted, drained, or its weight set to 0. */
export const REMOVALS = ['delete', 'drain', 'weight'] as const;
export type Removal = (typeof REMOVALS)[number];
