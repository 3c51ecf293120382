/** `make test-katran DIR=...`: Katran's packets through the loaded programs, held against portable assertions. */
import { compareWithDeclared } from './declared.ts';
import { DIFFERENCES } from './differences.ts';
import { type Fixtures, readFixtures } from './fixtures.ts';
import { type Finding, replay } from './replay.ts';

function main(folder: string): number {
  let fixtures: Fixtures;
  try {
    fixtures = readFixtures(folder);
  } catch (error) {
    console.error(`test-katran: ${(error as Error).message}`);
    return 2;
  }
  const findings = replay(fixtures);
  const { undeclared, stale, explained } = compareWithDeclared(findings, DIFFERENCES);
  console.log('Deliberate differences, in packets:');
  DIFFERENCES.forEach((row, index) => {
    const change = [row.expected, row.got].filter((part) => part !== undefined).join(' -> ');
    console.log(`${String(explained[index]).padStart(4)}  ${`${row.aspect} ${change}`.padEnd(26)} ${row.why}`);
  });
  for (const each of undeclared) console.log(`UNDECLARED  ${describe(each)}`);
  for (const text of stale) console.log(`STALE  ${text}`);
  console.log(totals(fixtures, findings, undeclared, stale.length));
  return undeclared.length + stale.length === 0 ? 0 : 1;
}

function describe({ suite, n, aspect, expected, got, description }: Finding): string {
  return `${suite} ${n} (${description}): ${aspect}: expected ${expected}, got ${got}`;
}

function totals(
  fixtures: Fixtures,
  findings: readonly Finding[],
  undeclared: readonly Finding[],
  stale: number,
): string {
  const packets = (list: readonly Finding[]): number => new Set(list.map(({ suite, n }) => `${suite} ${n}`)).size;
  const differing = packets(findings);
  const wrong = packets(undeclared);
  const hopOnly = packets(findings.filter(({ aspect }) => aspect !== 'ttl'));
  return [
    `${fixtures.total} packets: ${fixtures.total - differing} as Katran's assertions say, ${differing - hopOnly} but for the TTL,`,
    `${hopOnly} in other ways; ${wrong} with undeclared differences, ${stale} declared ones that are gone`,
  ].join(' ');
}

process.exitCode = main(process.argv[2] ?? '');
