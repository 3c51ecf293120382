/** HTTP requests from a host of the lab, one connection each, and who answered. */
import type { Host } from './host.ts';

export interface Answers {
  /** Name of the real server -> how many requests it answered. */
  readonly by: ReadonlyMap<string, number>;
  readonly failed: number;
}

const SECONDS = 5;
const CLOSE = 'Connection: close';
const CODE = '%{http_code}\\n';

/** What a user would type. A connection each: a scheduler decides per connection. */
export function curlLine(url: string, count: number): [string, string[]] {
  return ['curl', ['-s', '-m', String(SECONDS), '-H', CLOSE, '-w', CODE, `${url}[1-${count}]`]];
}

/**
 * The same, with a source port for each request that was not used before. The
 * kernel's choice may fall on the port of a connection that has just ended; its
 * SYN follows the old entry to the old real server, as in IPVS, for as long as
 * that is in FIN_WAIT, and no turn can be counted on.
 */
export async function request(client: Host, url: string, count: number): Promise<Answers> {
  const first = takePorts(client, count);
  const sections = Array.from({ length: count }, (_, index) => section(url, first + index));
  const { stdout } = await client.tryRun('curl', ['-K', '-'], { input: sections.join('next\n') });
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

const FIRST_PORT = 10_000;
/** Below the kernel's own choices. */
const PORT_LIMIT = 32_768;
const nextPorts = new WeakMap<Host, number>();

function takePorts(client: Host, count: number): number {
  const first = nextPorts.get(client) ?? FIRST_PORT;
  if (first + count > PORT_LIMIT) throw new Error(`${client.name} has made too many requests: no fresh port is left`);
  nextPorts.set(client, first + count);
  return first;
}

function section(url: string, port: number): string {
  return `silent\nmax-time = ${SECONDS}\nheader = "${CLOSE}"\nwrite-out = "${CODE}"\nlocal-port = ${port}\nurl = "${url}"\n`;
}
