import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

function run(...argv: string[]) {
  const parsed = parseOptions(argv, '1.2.3');
  if (!('run' in parsed)) throw new Error(JSON.stringify(parsed));
  return parsed.run;
}

function options(...argv: string[]) {
  return run(...argv).given;
}

describe('parseOptions', () => {
  it('leaves to the file what is not given', () => {
    expect(run()).toEqual({ given: { interfaces: [], logLevel: 'info' }, file: undefined, configId: undefined });
  });

  it('takes a file to run', () => {
    expect(run('-f', 'x.conf', '--config-id', 'lvs1')).toMatchObject({ file: 'x.conf', configId: 'lvs1' });
  });

  it('refuses sizes out of range', () => {
    expect(options('--connections', '1025').connections).toBe(1025);
    expect(() => options('--connections', '1')).toThrow(/16 to/);
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
