import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FakeDaemon, startFakeDaemon } from '../../test/api/fake-controller.ts';
import { BACKUP, FAULT, MASTER } from '../../test/api/fake-vrrp.ts';
import { runXlb } from '../../test/cli/run-xlb.ts';

let daemon: FakeDaemon;

beforeEach(async () => {
  daemon = await startFakeDaemon();
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

const vrrp = (...words: string[]) => runXlb(daemon.runDir, ['vrrp', ...words], {});

it('shows state, cause and priority of each instance', async () => {
  daemon.controller.instances = [MASTER, BACKUP, FAULT];
  const { stdout, code } = await vrrp();
  expect(code).toBe(1);
  expect(stdout).toMatchInlineSnapshot(`
    "INSTANCE  STATE   SINCE   VRID  IFACE  PRIORITY     MASTER    HEARD      VIPs
    VI_1      MASTER  12 d      51  eth0   150          itself    -          203.0.113.10 +1
    VI_2      BACKUP  12 d      52  eth0   90 (100-10)  10.0.0.2  0.6 s ago  203.0.113.20
    VI_3      FAULT   12 d      53  eth0   150          -         -          -
    VI_2: -10 by script chk_dns (down)
    VI_3 is in FAULT: interface eth1
    VI_2 refused advertisements: 3 password (heard: 10.0.0.2 0 s ago, 10.0.0.9 5 min ago)
    Last transitions (UTC)
      2026-11-23 19:49:58.114  VI_3  BACKUP -> FAULT   interface eth1 is down
      2026-11-11 19:50:02.114  VI_1  BACKUP -> MASTER  no advertisement of the master in time
      2026-11-11 19:50:02.114  VI_2  BACKUP -> MASTER  no advertisement of the master in time
    "
  `);
});

it('is well where no instance is in FAULT', async () => {
  daemon.controller.instances = [MASTER];
  expect((await vrrp()).code).toBe(0);
});

it('has lines for scripts', async () => {
  daemon.controller.instances = [BACKUP];
  expect((await vrrp('-o', 'tsv')).stdout.split('\n')[1]!.split('\t')).toEqual([
    ...['VI_2', 'BACKUP', BACKUP.since, '52', 'eth0', '90', '100', '10.0.0.2', '203.0.113.20'],
    'no advertisement of the master in time',
  ]);
});
