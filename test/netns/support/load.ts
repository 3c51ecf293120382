/** wrk against a URL. */
import type { Host } from '../../../scripts/lab/host.ts';

export interface Load {
  readonly requests: number;
  /** Lines in which wrk complains: socket errors, answers other than 200. */
  readonly complaints: readonly string[];
}

/** 16 connections that stay open, or one for each request (`each`). */
export async function load(client: Host, url: string, seconds: number, each: boolean): Promise<Load> {
  const headers = each ? ['-H', 'Connection: close'] : [];
  const args = ['-t', '1', '-c', '16', '-d', `${seconds}s`, '--timeout', '3s', ...headers, url];
  const output = await client.run('wrk', args);
  const complaints = output.split('\n').filter((line) => /Socket errors|Non-2xx/.test(line));
  return { requests: Number(/(\d+) requests in/.exec(output)?.[1] ?? 0), complaints };
}
