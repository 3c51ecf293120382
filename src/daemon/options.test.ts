import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

function options(...argv: string[]) {
  const parsed = parseOptions(argv, '1.2.3');
  if (!('options' in parsed)) throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

describe('parseOptions', () => {
  it('has the defaults of the manual', () => {
    expect(options()).toMatchObject({
      interfaces: [],
      runDir: '/run/xlb',
      bpffs: '/sys/fs/bpf/xlb',
      stateDir: '/var/lib/xlb',
      logLevel: 'info',
      metrics: null,
      xdpMode: 'auto',
      sizes: { connections: 1048576 },
    });
  });

  it('keeps the state in the run directory where that is given', () => {
    expect(options('--run-dir', '/r').stateDir).toBe('/r');
    expect(options('--run-dir', '/r', '--state-dir', '/s').stateDir).toBe('/s');
  });

  it.each([
    ['1', 1024],
    ['1024', 1024],
    ['1025', 2048],
    ['8000000', 8388608],
  ])('makes --connections %s %d', (text, expected) => {
    if (text === '1') expect(() => options('--connections', text)).toThrow(/16 to/);
    else expect(options('--connections', text).sizes.connections).toBe(expected);
  });

  it.each([
    ['127.0.0.1:9100', { host: '127.0.0.1', port: 9100 }],
    ['[::1]:9100', { host: '::1', port: 9100 }],
    [':9100', { host: '::', port: 9100 }],
  ])('listens for metrics at %s', (text, expected) => {
    expect(options('--metrics', text).metrics).toEqual(expected);
  });

  it.each([
    [['-t', '-f', 'x.conf'], { file: 'x.conf', strict: false, configId: undefined }],
    [['-tf', 'x.conf', '--strict', '--config-id', 'lvs1'], { file: 'x.conf', strict: true, configId: 'lvs1' }],
  ])('reads %j as a file to check', (argv, test) => {
    expect(parseOptions(argv, '1.2.3')).toEqual({ test });
  });

  it('takes -i more than once, each name once', () => {
    expect(options('-i', 'eth0', '--interface', 'eth1', '-i', 'eth0').interfaces).toEqual(['eth0', 'eth1']);
  });

  it.each([
    [['-f', 'x.conf'], 2, /later version/],
    [['-t'], 2, /-t -f FILE/],
    [['--metrics', 'nonsense'], 2, /address:port/],
    [['--metrics', '1.2.3.4:70000'], 2, /address:port/],
    [['-i', 'a/b'], 2, /interface/],
    [['--xdp-mode', 'fast'], 2, /auto/],
    [['--bogus'], 2, /bogus/],
    [['extra'], 2, /argument/],
    [['--version'], 0, /^xlbd 1\.2\.3\n$/],
    [['--help'], 0, /--run-dir/],
  ])('answers %j with exit status %d', (argv, exit, output) => {
    const parsed = parseOptions(argv, '1.2.3');
    expect(parsed).toMatchObject({ exit });
    expect('output' in parsed && parsed.output).toMatch(output);
  });
});
