// XDP acts in the network namespace of the calling process, so each test attaches from a child.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { childJson } from './child.ts';
import { compile } from './compile.ts';
import { type Bpffs, makeNamespace, mountBpffs, type NetworkNamespace } from './host.ts';

let namespace: NetworkNamespace;
let bpffs: Bpffs;
beforeEach(() => {
  bpffs = mountBpffs();
  namespace = makeNamespace();
});
afterEach(() => {
  namespace[Symbol.dispose]();
  bpffs[Symbol.dispose]();
});

it('XDP programs are attached, replaced, pinned and detached', async () => {
  const options = { prefix: namespace.prefix };
  const seen = await childJson('attach', [compile('xdp'), bpffs.path('.'), namespace.ifindex('veth0')], options);
  expect(seen).toEqual({
    before: 'none',
    native: { mode: 'native', own: true, info: true, busy: 'EBUSY' },
    generic: { mode: 'generic', own: true, info: true, busy: 'EBUSY' },
    closed: 'none',
    updated: true,
    wrongOld: 'EPERM',
    rightOld: true,
    wrongType: 'EINVAL',
    useAfterClose: 'CLOSED',
    pinned: true,
    reopened: true,
    netlinkOverLink: 'EBUSY',
    detached: [0, 'none'],
    updateDetached: 'ENOLINK',
    unpinned: 'ENOENT',
    occupied: 'EBUSY',
    wrongReplace: 'EEXIST',
    replaced: true,
    found: 'drop',
    after: 'none',
    generic2: 'generic',
    noInterface: ['EINVAL', 'ENODEV'],
    noMode: 'ARGUMENT',
  });
});
