/**
 * Console examples in Markdown: ```console blocks of `$ COMMAND` lines, each
 * with what it prints (standard output, then standard error, then the exit code
 * where it is not 0).
 */

export interface Example {
  readonly command: string;
  readonly output: string;
}

/** Splits a document into text and examples; joined again it is the same. */
export function readConsole(markdown: string): (string | Example)[] {
  const parts: (string | Example)[] = [];
  let inside = false;
  for (const line of markdown.split(/(?<=\n)/)) {
    const last = parts.at(-1);
    if (line === '```console\n') inside = true;
    else if (line === '```\n') inside = false;
    if (inside && line.startsWith('$ ')) parts.push({ command: line.slice(2, -1), output: '' });
    else if (inside && typeof last === 'object') parts[parts.length - 1] = { ...last, output: last.output + line };
    else if (typeof last === 'string') parts[parts.length - 1] = last + line;
    else parts.push(line);
  }
  return parts;
}

export function writeConsole(parts: readonly (string | Example)[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : `$ ${part.command}\n${part.output}`)).join('');
}
