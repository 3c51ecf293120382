/** Splits the input of -R into lines of words, as ipvsadm 1.31 does it. */

/**
 * Words stand between blanks; `ipvsadm` itself is left out wherever it stands,
 * and there are no comments. A last line that ends in two blanks or more, but
 * not in a line feed, is lost.
 */
export function* restoreLines(text: string): Generator<readonly string[]> {
  let words: string[] = [];
  // Either a word with the one blank behind it, or more blanks up to the end of the line or the next word.
  for (const match of text.matchAll(/([^ \t\r\n]+)[ \t\r\n]?|[ \t\r]*\n|[ \t\r]+/g)) {
    const [whole, word] = match;
    const isLast = match.index + whole.length === text.length;
    if (word === undefined && isLast && !whole.endsWith('\n')) return;
    if (word !== undefined && word !== 'ipvsadm') words.push(word);
    if (whole.endsWith('\n')) {
      yield words;
      words = [];
    }
  }
  if (words.length > 0) yield words;
}
