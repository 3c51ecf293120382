/** `xlb doctor`: what is well and what is not, each with its cause and the next step. */
import { Command } from 'commander';
import type { DoctorCheck, DoctorReport } from '../api/protocol/doctor.ts';
import { type Env, EXIT } from './env.ts';
import type { Tone } from './format/colour.ts';
import { tsv } from './format/tsv.ts';
import { type Noun, type NounOptions, showNoun, type View, withNounOptions } from './noun.ts';

export function doctorCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('doctor'))
    .description('why something does not work, and what to do; exit code 1 where a check fails')
    .action(async (options: NounOptions) => exit(await showNoun(env, options, DOCTOR)));
}

const DOCTOR: Noun<DoctorReport> = {
  fetch: (client) => client.doctor(),
  text,
  tsv: ({ checks }) => tsv(['state', 'id', 'subject', 'text', 'next'], checks),
  exit: ({ failed }) => (failed > 0 ? EXIT.problem : EXIT.ok),
};

const TONES: Record<DoctorCheck['state'], Tone> = { ok: 'good', warn: 'warn', fail: 'bad', skip: 'dim' };
/** That a person is shown; the rest is counted. */
const MAX_GOOD = 30;

function text({ checks, ok, warnings, failed, skipped }: DoctorReport, view: View): string {
  const good = checks.filter(({ state }) => state === 'ok');
  const hidden = new Set(good.slice(MAX_GOOD));
  const lines = checks.filter((check) => !hidden.has(check)).flatMap((check) => checkLines(check, view));
  const more = hidden.size === 0 ? [] : [`ok    and ${hidden.size} more (xlb doctor -o tsv)`];
  const counts = [
    `${failed} failed`,
    `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    `${ok} ok`,
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
  ];
  return [...lines, ...more, `${counts.join(', ')}.`].map((line) => `${line}\n`).join('');
}

function checkLines({ state, subject, text, next }: DoctorCheck, { paint }: View): string[] {
  const first = `${paint(TONES[state], state)}${' '.repeat(6 - state.length)}${subject}: ${text}`;
  return next === null ? [first] : [first, `        -> ${next}`];
}
