/** A script of Python that keeps a connection open: says who answered, and at SIGTERM what it did. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from '../../../scripts/lab/host.ts';
import { waitFor } from '../../../scripts/lab/wait.ts';

export interface Session {
  /** Name of the real server that answered. */
  readonly server: string;
  /** Ends it; what it printed, or an error with that where it failed. */
  end(): Promise<unknown>;
}

export function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** The promise is kept when a real server has answered. */
export async function openSession(host: Host, words: readonly string[]): Promise<Session> {
  const log = `session-${words.join('-').replaceAll(/[^\w.:-]/g, '')}`.slice(0, 120);
  const child = host.start('python3', words, { log });
  const ended = once(child, 'exit');
  const text = (): string => readFileSync(join(host.directory, log), 'utf8');
  await waitFor(`an answer to ${words.join(' ')}`, () => {
    if (child.exitCode !== null) throw new Error(text());
    return text().includes('\n');
  });
  const [server = ''] = text().split('\n');
  return {
    server,
    async end() {
      child.kill('SIGTERM');
      const [code] = await ended;
      if (code !== 0) throw new Error(`${words.join(' ')}: exit code ${String(code)}\n${text()}`);
      return JSON.parse(text().split('\n')[1] ?? '');
    },
  };
}
