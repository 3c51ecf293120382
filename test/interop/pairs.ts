/** Which scenarios there are: all of them, and a choice in which each two values meet where they matter. */
import { VARIANTS } from './support/config.ts';
import type { Kind } from './support/director.ts';
import type { Action } from './support/scenario.ts';

/** All of it, as `make interop` asks. */
export const isWhole = process.env['XLB_INTEROP'] === 'all';

export type VariantName = keyof typeof VARIANTS;

export interface Scenario {
  readonly variant: VariantName;
  readonly action: Action;
  readonly master: Kind;
  readonly backup: Kind;
}

const ACTIONS: readonly Action[] = [
  ...(['SIGTERM', 'kill -9', 'link down', 'carrier loss', 'silent cut', 'failing script'] as const),
  ...(['reload', 'preemption'] as const),
];
const SIDES = [
  ['xlb', 'keepalived'],
  ['keepalived', 'xlb'],
] as const;

export const ALL: readonly Scenario[] = (Object.keys(VARIANTS) as VariantName[]).flatMap((variant) =>
  ACTIONS.filter((action) => isMeant(variant, action)).flatMap((action) =>
    SIDES.map(([master, backup]) => ({ variant, action, master, backup })),
  ),
);

/** Weights of members of a group do not count: their scripts have no say. */
function isMeant(variant: VariantName, action: Action): boolean {
  return variant !== 'group' || action !== 'failing script';
}

/** Each variant and each action with either side as MASTER. */
export const CHOICE: readonly Scenario[] = [
  { variant: 'v2', action: 'kill -9', master: 'xlb', backup: 'keepalived' },
  { variant: 'v2', action: 'silent cut', master: 'keepalived', backup: 'xlb' },
  { variant: 'pass', action: 'SIGTERM', master: 'keepalived', backup: 'xlb' },
  { variant: 'pass', action: 'reload', master: 'keepalived', backup: 'xlb' },
  { variant: 'pass', action: 'preemption', master: 'xlb', backup: 'keepalived' },
  { variant: 'pass', action: 'failing script', master: 'xlb', backup: 'keepalived' },
  { variant: 'ah', action: 'SIGTERM', master: 'xlb', backup: 'keepalived' },
  { variant: 'ah', action: 'kill -9', master: 'keepalived', backup: 'xlb' },
  { variant: 'v2-unicast', action: 'link down', master: 'xlb', backup: 'keepalived' },
  { variant: 'v2-unicast', action: 'carrier loss', master: 'keepalived', backup: 'xlb' },
  { variant: 'vmac', action: 'SIGTERM', master: 'xlb', backup: 'keepalived' },
  { variant: 'vmac', action: 'carrier loss', master: 'keepalived', backup: 'xlb' },
  { variant: 'vmac-unicast', action: 'SIGTERM', master: 'keepalived', backup: 'xlb' },
  { variant: 'group', action: 'link down', master: 'xlb', backup: 'keepalived' },
  { variant: 'group', action: 'preemption', master: 'keepalived', backup: 'xlb' },
  { variant: 'v3', action: 'reload', master: 'xlb', backup: 'keepalived' },
  { variant: 'v3', action: 'silent cut', master: 'xlb', backup: 'keepalived' },
  { variant: 'v3', action: 'failing script', master: 'keepalived', backup: 'xlb' },
  { variant: 'v3-old', action: 'SIGTERM', master: 'xlb', backup: 'keepalived' },
  { variant: 'v6', action: 'carrier loss', master: 'xlb', backup: 'keepalived' },
  { variant: 'v6', action: 'link down', master: 'keepalived', backup: 'xlb' },
  { variant: 'v6-vmac', action: 'kill -9', master: 'xlb', backup: 'keepalived' },
  { variant: 'v6-vmac', action: 'silent cut', master: 'keepalived', backup: 'xlb' },
  { variant: 'v6-unicast', action: 'SIGTERM', master: 'xlb', backup: 'keepalived' },
  { variant: 'v6-unicast', action: 'kill -9', master: 'keepalived', backup: 'xlb' },
];
