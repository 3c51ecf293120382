import { describe, expect, it } from 'vitest';
import type { DirectorSettings } from '../core/config/model/director.ts';
import type { GivenOptions } from './options.ts';
import { needingRestart, settle } from './settings.ts';

const GIVEN: GivenOptions = { interfaces: [], logLevel: 'info' };
const SAID: DirectorSettings = {
  interfaces: [],
  runDir: '/file',
  bpffs: '/file/bpf',
  connections: 5000,
  services: 20,
  metrics: { host: '127.0.0.1', port: 9100 },
  group: 'wheel',
};
const NOTHING: DirectorSettings = { interfaces: [] };

describe('settle', () => {
  it('has the defaults of the manual', () => {
    expect(settle(GIVEN, NOTHING)).toMatchObject({
      interfaces: [],
      runDir: '/run/xlb',
      bpffs: '/sys/fs/bpf/xlb',
      stateDir: '/var/lib/xlb',
      metrics: null,
      group: undefined,
      sizes: { connections: 1048576 },
    });
  });

  it('takes what the file says', () => {
    expect(settle(GIVEN, SAID)).toMatchObject({
      runDir: '/file',
      bpffs: '/file/bpf',
      stateDir: '/file',
      metrics: { port: 9100 },
      group: 'wheel',
      sizes: { connections: 8192, services: 20 },
    });
  });

  it('takes what the command line says before that', () => {
    const given = { ...GIVEN, runDir: '/r', stateDir: '/s', connections: 1025 };
    expect(settle(given, SAID)).toMatchObject({
      runDir: '/r',
      bpffs: '/file/bpf',
      stateDir: '/s',
      sizes: { connections: 2048, services: 20 },
    });
  });

  it.each<readonly [string, Partial<GivenOptions>, DirectorSettings, readonly string[]]>([
    ['of both', { interfaces: ['eth0'] }, { interfaces: [{ name: 'eth1' }] }, ['eth0 auto option', 'eth1 auto file']],
    ['with the mode for all', {}, { xdpMode: 'native', interfaces: [{ name: 'eth1' }] }, ['eth1 native file']],
    [
      'with their own mode',
      {},
      { xdpMode: 'native', interfaces: [{ name: 'eth1', mode: 'generic' }] },
      ['eth1 generic file'],
    ],
    [
      'that both name',
      { interfaces: ['eth0'] },
      { interfaces: [{ name: 'eth0', mode: 'generic' }] },
      ['eth0 generic option'],
    ],
    [
      'that the command line says a mode of',
      { interfaces: ['eth0'], xdpMode: 'native' },
      { interfaces: [{ name: 'eth0', mode: 'generic' }] },
      ['eth0 native option'],
    ],
  ])('attaches interfaces %s', (_title, given, said, expected) => {
    const { interfaces } = settle({ ...GIVEN, ...given }, said);
    expect(interfaces.map(({ name, mode, origin }) => `${name} ${mode} ${origin}`)).toEqual(expected);
  });
});

it('knows what takes effect at the next start only', () => {
  const metrics = { host: '127.0.0.1', port: 9101 };
  expect(needingRestart(SAID, { ...SAID, metrics, services: 21, interfaces: [{ name: 'eth0' }] })).toEqual([
    'services',
    'metrics',
  ]);
  expect(needingRestart(SAID, { ...SAID, metrics: { host: '127.0.0.1', port: 9100 } })).toEqual([]);
});
