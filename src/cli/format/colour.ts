/**
 * Colours: never the only sign, the word is always there too. Green takes new
 * connections, blue is held back by an operator, yellow is degraded, red is down,
 * dim is off or zero. Numbers have no colour.
 */
import { styleText } from 'node:util';
import type { Env } from '../env.ts';

export type Tone = 'good' | 'held' | 'warn' | 'bad' | 'dim' | 'strong' | 'plain';

const STYLES = { good: 'green', held: 'blue', warn: 'yellow', bad: 'red', dim: 'dim', strong: 'bold' } as const;

/** Colours a text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

/** Colours only where a person looks and has not said no (no-color.org). */
export function paintFor(env: Pick<Env, 'stdoutIsTty' | 'vars'>): Paint {
  const wanted = env.stdoutIsTty && !env.vars['NO_COLOR'] && env.vars['TERM'] !== 'dumb';
  if (!wanted) return (_tone, text) => text;
  // Whether there is colour was decided here; styleText must not look at the process's own stdout.
  return (tone, text) =>
    tone === 'plain' || text === '' ? text : styleText(STYLES[tone], text, { validateStream: false });
}
