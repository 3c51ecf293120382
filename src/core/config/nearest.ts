/** The known word that a mistyped one was meant to be. */

/** null: none is near enough. */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = allowance(word) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), least);
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** One slip in four letters; three letters say nothing. */
function allowance(word: string): number {
  return Math.min(Math.floor(word.length / 4) + (word.length > 2 ? 1 : 0), 4);
}

/** Insertions, deletions, replacements and swapped neighbours; at most `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const least = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      next.push(swapped ? Math.min(least, before[j - 2]! + 1) : least);
    }
    before = row;
    row = next;
  }
  return Math.min(row[b.length]!, limit);
}
