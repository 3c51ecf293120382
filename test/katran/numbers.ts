/** `1-3 7` are 1, 2, 3 and 7. */
export function numbers(text: string): number[] {
  return text.split(' ').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return part === '' ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
