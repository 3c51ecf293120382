/** HTTP requests from a host of the lab, one connection each, and who answered. */
import type { Host } from './host.ts';

export interface Answers {
  /** Name of the real server -> how many requests it answered. */
  readonly by: ReadonlyMap<string, number>;
  readonly failed: number;
}

/** The command line that makes `count` requests. A connection each: a scheduler decides per connection. */
export function curlLine(url: string, count: number): [string, string[]] {
  return ['curl', ['-s', '-m', '5', '-H', 'Connection: close', '-w', '%{http_code}\\n', `${url}[1-${count}]`]];
}

/** `url` ends with a slash; an IPv6 address in brackets. */
export async function request(client: Host, url: string, count: number): Promise<Answers> {
  const { stdout } = await client.tryRun(...curlLine(url, count));
  const by = new Map<string, number>();
  let good = 0;
  // An answer is two lines, name and code; a failure is the line 000 alone.
  for (const [, name = ''] of stdout.matchAll(/^([a-z]+\d+)\n200$/gm)) {
    by.set(name, (by.get(name) ?? 0) + 1);
    good += 1;
  }
  return { by, failed: count - good };
}

/** `rs1 25, rs2 25; 0 failed`. */
export function describe({ by, failed }: Answers): string {
  const names = [...by].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => `${name} ${count}`);
  return `${names.join(', ') || 'nobody'}; ${failed} failed`;
}
