import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, tryRun } from '../../scripts/lab/run.ts';
import { Cluster } from './support/cluster.ts';

const SYSTEMD = existsSync('/usr/bin/systemd-analyze');

describe('make install', () => {
  let directory: string;
  let prefix: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'xlb-install-'));
    prefix = join(directory, 'usr');
    await run('make', ['-s', 'install', `PREFIX=${prefix}`]);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('brings manuals, completions and a licence', () => {
    const share = [
      'man/man1/xlb.1',
      'man/man8/xlbd.8',
      'bash-completion/completions/xlb',
      'zsh/site-functions/_xlb',
      'doc/xlb/LICENSE',
    ];
    expect(share.filter((path) => !existsSync(join(prefix, 'share', path)))).toEqual([]);
  });

  test('completion scripts are sound', async () => {
    expect(await tryRun('bash', ['-n', join(prefix, 'share/bash-completion/completions/xlb')])).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  // Feature probe: only where the service manager's tool is.
  test.runIf(SYSTEMD)('the unit is one that systemd takes', async () => {
    const unit = join(prefix, 'lib/systemd/system/xlbd.service');
    expect(await tryRun('systemd-analyze', ['verify', '--man=no', unit])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('what is installed stands on its own, wherever it is moved', async () => {
    const moved = join(directory, 'moved');
    renameSync(prefix, moved);
    try {
      await using cluster = await Cluster.build({ realServers: 2, director: { executables: join(moved, 'bin') } });
      const url = await cluster.addService(4, 'dr');
      await cluster.expectEvenAnswers(url, 20);
      expect(await cluster.director.xlb(['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
    } finally {
      renameSync(moved, prefix);
    }
  });
});
