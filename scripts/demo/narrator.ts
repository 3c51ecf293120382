/** What a demonstration says: headings, the commands a user would type, and what they print. */
import { styleText } from 'node:util';

const COLOUR = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

export function heading(text: string): void {
  console.log(`\n${style('bold', `== ${text}`)}`);
}

export function say(text: string): void {
  console.log(text);
}

/** A command on a host of the lab: `director1# xlb status`. */
export function command(host: string, line: string): void {
  console.log(style('cyan', `${host}# ${line}`));
}

export function output(text: string): void {
  const body = text.trimEnd();
  if (body !== '') console.log(body.replaceAll(/^/gm, '  '));
}

/** A claim and whether it holds; throws where it does not, so that a demonstration cannot pass by accident. */
export function claim(text: string, holds: boolean): void {
  console.log(`${holds ? style('green', 'ok') : style('red', 'FAILED')}  ${text}`);
  if (!holds) throw new Error(`it is not true that ${text}`);
}

function style(format: 'bold' | 'cyan' | 'green' | 'red', text: string): string {
  return COLOUR ? styleText(format, text) : text;
}
