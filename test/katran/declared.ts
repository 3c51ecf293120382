/** Findings against the table of differences, both ways. */
import type { Declared } from './differences.ts';
import { numbers } from './numbers.ts';
import type { Finding } from './replay.ts';

export interface Verdict {
  readonly undeclared: readonly Finding[];
  /** Rows' cases that do not differ, or not in that way. */
  readonly stale: readonly string[];
  /** How many packets each row explains. */
  readonly explained: readonly number[];
}

export function compareWithDeclared(findings: readonly Finding[], table: readonly Declared[]): Verdict {
  const left = new Set(findings);
  const stale: string[] = [];
  const explained = table.map((row) => {
    const cases = Object.entries(row.cases).flatMap(([suite, text]) => numbers(text).map((n) => ({ suite, n })));
    const before = left.size;
    for (const { suite, n } of cases) {
      const finding = [...left].find((each) => each.suite === suite && each.n === n && fits(each, row));
      if (finding === undefined) stale.push(`${suite} ${n}: ${row.aspect} no longer differs so (${row.why})`);
      else left.delete(finding);
    }
    return before - left.size;
  });
  return { undeclared: [...left], stale, explained };
}

function fits(finding: Finding, { aspect, expected, got }: Declared): boolean {
  const { aspect: found } = finding;
  return (
    found === aspect && (expected ?? finding.expected) === finding.expected && (got ?? finding.got) === finding.got
  );
}
