import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hmacMd5Prefix, md5 } from './md5.ts';

test('is MD5 at every length around a block, and for random bytes', () => {
  const check = (data: Uint8Array): void => {
    expect(Buffer.from(md5(data))).toEqual(createHash('md5').update(data).digest());
  };
  for (let length = 0; length < 130; length++) check(new Uint8Array(length).fill(length));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check));
});

test('is the first 12 bytes of HMAC-MD5', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 100 }), (key, data) => {
      const expected = createHmac('md5', key).update(data).digest().subarray(0, 12);
      expect(Buffer.from(hmacMd5Prefix(key, data))).toEqual(expected);
    }),
  );
});
