/** Katran's packets as data: what katran_fixtures.json holds, as far as it is used here. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Vip {
  readonly address: string;
  readonly port: number;
  readonly proto: 'tcp' | 'udp';
  readonly reals: readonly string[];
  readonly flags: readonly string[];
}

export interface Config {
  readonly extends?: string;
  readonly vips?: readonly Vip[];
  readonly vips_changed?: readonly Vip[];
  readonly default_gateway_mac?: string;
}

/** What any balancer can be held against, whatever its hash is. */
export interface Portable {
  readonly action: string;
  readonly kind: string;
  readonly outer_family?: 4 | 6;
  readonly outer_dst?: string;
  readonly outer_tos?: number;
  readonly eth_dst?: string;
  readonly inner_equals_input_l3?: boolean;
  readonly icmp?: readonly [number, number];
  readonly src?: string;
  readonly dst?: string;
}

export interface Case {
  readonly n: number;
  readonly description: string;
  readonly input_b64: string;
  readonly expected_b64: string;
  readonly portable: Portable;
}

export interface Suite {
  readonly config: string;
  readonly cases: readonly Case[];
}

export interface Fixtures {
  readonly configs: Readonly<Record<string, Config>>;
  readonly suites: Readonly<Record<string, Suite>>;
  readonly total: number;
}

export const FILE = 'katran_fixtures.json';

const EXPECTED = `expected DIR=, a folder with ${FILE}: Katran's packets, what comes out, and portable assertions ("suites", "configs", "total")`;

/** Throws a sentence that says what was found and what is expected. */
export function readFixtures(folder: string): Fixtures {
  if (folder === '') throw new Error(`no folder was given: ${EXPECTED}`);
  const file = join(folder, FILE);
  if (!existsSync(file)) throw new Error(`${file} is not there: ${EXPECTED}`);
  const fixtures = parse(file) as Partial<Fixtures> | null;
  if (typeof fixtures?.suites !== 'object' || typeof fixtures.configs !== 'object')
    throw new Error(`${file} has no "suites" or no "configs": ${EXPECTED}`);
  const found = Object.values(fixtures.suites).reduce((sum, { cases }) => sum + cases.length, 0);
  if (found === 0 || found !== fixtures.total)
    throw new Error(`${file} has ${found} packets where its "total" says ${fixtures.total}: ${EXPECTED}`);
  return fixtures as Fixtures;
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as Error).message}): ${EXPECTED}`);
  }
}
