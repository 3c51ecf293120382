import { chmodSync } from 'node:fs';
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

function withCapabilities(list: string[]): Promise<Record<string, unknown>> {
  const set = list.length === 0 ? '-all' : `-all,${list.map((name) => `+${name}`).join(',')}`;
  chmodSync(bpffs.path(''), 0o1777);
  const drop = ['setpriv', `--bounding-set=${set}`, `--inh-caps=${set}`];
  const args = [compile('maps'), bpffs.path('.'), namespace.ifindex('veth0')];
  return childJson('capabilities', args, { prefix: [...namespace.prefix, ...drop] });
}

it('needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, and not CAP_SYS_ADMIN', async () => {
  expect(await withCapabilities(['bpf', 'net_admin', 'perfmon'])).toEqual({
    layoutCheck: 'sizes',
    verdict: 2,
    memory: 1024,
    reused: 1,
    attached: true,
    byId: expect.stringContaining('ids can be opened only with CAP_SYS_ADMIN'),
  });
});

it.each([
  [[], 'EPERM', 'CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (or'],
  [['net_admin', 'perfmon'], 'EPERM', 'CAP_BPF (or'],
  [['bpf', 'perfmon'], 'EPERM', 'CAP_NET_ADMIN (or'],
  [['bpf', 'net_admin'], 'VERIFIER', 'CAP_PERFMON, without which the verifier is stricter'],
])('with %j says which capabilities are missing', async (held, expected, missing) => {
  const { code, message } = await withCapabilities(held);
  expect(code).toBe(expected);
  expect(message).toContain(`this process lacks ${missing}`);
});

it('gives no answer to a probe rather than a wrong one', async () => {
  const { probes } = await withCapabilities([]);
  expect(probes).toEqual(['EPERM', 'EPERM', 'EPERM']);
});
