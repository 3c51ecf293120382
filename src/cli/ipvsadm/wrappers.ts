/** The scripts ipvsadm-save and ipvsadm-restore, which come with ipvsadm. */
import { Exit } from './exit.ts';

const SAVE_HELP = `ipvsadm-save: Script to save the IPVS table to stdout.
   With the -n option, prints out the table in numeric format.
`;

/** ipvsadm's words for those of ipvsadm-save: it knows -n, and does not look at words without a dash. */
export function saveWords(args: readonly string[]): readonly string[] {
  const options = args.filter((arg) => arg.startsWith('-'));
  if (options.some((option) => option !== '-n')) throw new Exit(1, { stderr: SAVE_HELP });
  return options.length === 0 ? ['-S'] : ['-S', '-n'];
}

/** What ipvsadm-restore hands on to ipvsadm -R: not the lines that begin with #. */
export function withoutComments(text: string): string {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  return `${lines.join('\n').replace(/\n+$/, '')}\n`;
}
