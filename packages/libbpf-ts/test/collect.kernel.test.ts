import { afterEach, beforeEach, expect, it } from 'vitest';
import { childJson } from './child.ts';
import { compile } from './compile.ts';
import { makeNamespace, type NetworkNamespace } from './host.ts';

let namespace: NetworkNamespace;
beforeEach(() => {
  namespace = makeNamespace();
});
afterEach(() => namespace[Symbol.dispose]());

it('what is dropped without close() is collected with its descriptors, a reader that is waited for is not', async () => {
  const args = [compile('maps'), namespace.ifindex('veth0')];
  const seen = await childJson<{ left: Record<string, number>; waited: unknown }>('collect', args, {
    prefix: namespace.prefix,
  });
  expect(seen).toEqual({ left: { object: 0, map: 0, ring: 0, link: 0 }, waited: 4 });
});
