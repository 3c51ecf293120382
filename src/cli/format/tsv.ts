/** Tab-separated values: exact numbers, one title line, no tabs or newlines inside a value. */

export type Value = string | number | boolean | null | undefined;

/** `records` as lines with the titles before them; `titles` are the keys, in order. */
export function tsv<Key extends string>(
  titles: readonly Key[],
  records: readonly Readonly<Record<Key, Value>>[],
  withTitles = true,
): string {
  const lines = records.map((record) => titles.map((title) => clean(record[title])).join('\t'));
  return [...(withTitles ? [titles.join('\t')] : []), ...lines].map((text) => `${text}\n`).join('');
}

function clean(value: Value): string {
  return String(value ?? '').replace(/[\t\n\r]+/g, ' ');
}
