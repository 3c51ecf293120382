import { expect, test } from 'vitest';
import { usedValues } from './used-values.ts';

for (const [what, size, used, values] of [
  ['an empty array', 64, [], 200],
  ['the first and the last value', 16, [0, 199], 200],
  ['neighbours at the end of a block', 64, [62, 63, 64], 65],
  ['values that no block is a multiple of', 40, [101, 102, 103, 200], 210],
  ['less than a block', 8, [2], 3],
] as const) {
  test(`finds what is used: ${what}`, () => {
    const memory = Buffer.alloc(values * size);
    // The last byte of each: none may be left out.
    for (const id of used) memory[id * size + size - 1] = 1;
    expect([...usedValues(memory, size)]).toEqual(used);
  });
}
