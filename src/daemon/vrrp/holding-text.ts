/** What is held as JSON, and back: Maps and big numbers of a route or rule have no JSON of their own. */

export function holdingText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Map) return { map: [...inner] };
    return typeof inner === 'bigint' ? { bigint: String(inner) } : inner;
  });
}

/** Throws a SyntaxError. */
export function parseHolding(text: string): unknown {
  return JSON.parse(text, (_, inner: unknown) => {
    if (isMarked(inner, 'map') && Array.isArray(inner.map)) return new Map(inner.map as [unknown, unknown][]);
    return isMarked(inner, 'bigint') ? BigInt(String(inner.bigint)) : inner;
  });
}

/** Nothing that is held has a word of this name, or one word alone. */
function isMarked<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === key;
}
