/** What a program prints, line by line. */
import type { Readable } from 'node:stream';

/** Characters; what is longer is cut into pieces, so that a program without line ends fills no memory. */
const MAX_LINE = 2048;

/** The rest without a line end comes with the end of the stream. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (; rest.length > MAX_LINE; rest = rest.slice(MAX_LINE)) lines.push(rest.slice(0, MAX_LINE));
    for (const line of lines) onLine(line);
  });
  // Someone may end the stream early, or a descendant of the program hold it open.
  stream.on('error', () => {});
  stream.on('close', () => {
    if (rest !== '') onLine(rest);
    rest = '';
  });
}
