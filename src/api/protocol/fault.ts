/** A zod error as one sentence with the path of the fault; the first of several is told. */
import type * as z from 'zod';

export interface Fault {
  readonly code: 'unknown-field' | 'invalid';
  readonly message: string;
  /** Like `commands[0].server.weight`. */
  readonly path: string;
}

export function faultOf(error: z.ZodError): Fault {
  const issue = error.issues[0];
  if (issue === undefined) return { code: 'invalid', message: 'invalid', path: '' };
  if (issue.code === 'unrecognized_keys') {
    return {
      code: 'unknown-field',
      message: `no such field: ${issue.keys.join(', ')}`,
      path: pathText([...issue.path, issue.keys[0] ?? '']),
    };
  }
  return { code: 'invalid', message: sentence(issue.message), path: pathText(issue.path) };
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`))
    .join('');
}

function sentence(message: string): string {
  return message.replace(/^Invalid (?:input|option): /, '').replace(/, received /, ', found ');
}
