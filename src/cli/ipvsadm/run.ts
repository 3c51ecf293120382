/** Runs lines of ipvsadm's words: the one on the command line, or those that a restore reads. */
import { check } from './check.ts';
import { execute } from './execute.ts';
import { tryHelp } from './exit.ts';
import { parse } from './parse.ts';
import { restoreLines } from './restore-lines.ts';
import type { Session } from './session.ts';

/** @returns the status; of a restore that of its last line */
export async function runLine(
  args: readonly string[],
  session: Session,
  readStdin: () => Promise<string>,
): Promise<number> {
  const words = await parse(args, session.names);
  if ('misread' in words) {
    session.stderr.write(words.misread);
    return 255;
  }
  check(words);
  if (words.command === 'restore') return restore(await readStdin(), session);
  const status = await execute(words, session);
  return status === 'submitted' ? session.submitter.settle() : status;
}

/**
 * A line that the daemon refuses, or that popt cannot read, does not end a
 * restore; any other mistake does, and what was done before it stays.
 */
export async function restore(text: string, session: Session): Promise<number> {
  let status: number | 'submitted' = 0;
  try {
    for (const args of restoreLines(text)) {
      if (args.length > 0) status = await restoreLine(args, session);
    }
  } finally {
    // Also before the mistake that ends it is told.
    const last = await session.submitter.settle();
    if (status === 'submitted') status = last;
  }
  return status;
}

async function restoreLine(args: readonly string[], session: Session): Promise<number | 'submitted'> {
  const words = await parse(args, session.names);
  if ('misread' in words) {
    await session.submitter.settle();
    session.stderr.write(words.misread);
    return 255;
  }
  check(words);
  if (words.command === 'restore') tryHelp();
  return execute(words, session);
}
