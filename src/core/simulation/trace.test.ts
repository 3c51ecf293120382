import { describe, expect, test } from 'vitest';
import { parseTrace } from './trace.ts';

describe('a line', () => {
  test.each([
    ['198.51.100.7 40112', { source: '198.51.100.7', sourcePort: 40112, destination: null, at: null, lasts: null }],
    ['\t198.51.100.7  0 192.0.2.10 # late', { destination: '192.0.2.10', sourcePort: 0 }],
    ['198.51.100.7 1 192.0.2.10 443\r', { destination: '192.0.2.10' }],
    ['198.51.100.7 1 at=0.5 for=3', { at: 0.5, lasts: 3, destination: null }],
    ['for=3 198.51.100.7 1 at=1 192.0.2.10', { at: 1, lasts: 3, destination: '192.0.2.10' }],
    ['2001:DB8::7 1', { source: '2001:db8::7' }],
  ])('%j', (line, flow) => {
    const { flows, faults } = parseTrace(`# clients\n\n${line}\n`, null);
    expect(faults).toEqual([]);
    expect(flows).toEqual([expect.objectContaining(flow)]);
  });

  test.each([
    ['198.51.100.7', 13, 'the end of the line', "the client's port, 0 to 65535"],
    ['  198.51.100 1', 3, '"198.51.100"', "the client's IPv4 or IPv6 address"],
    ['198.51.100.7 65536', 14, '"65536"', "the client's port, 0 to 65535"],
    ['198.51.100.7 1 nowhere', 16, '"nowhere"', 'the virtual address'],
    ['198.51.100.7 1 2001:db8::1', 16, '"2001:db8::1"', 'an IPv4 address, like all others'],
    ['198.51.100.7 1 192.0.2.10 x', 27, '"x"', 'the virtual port, 0 to 65535'],
    ['198.51.100.7 1 192.0.2.10 80 x', 30, '"x"', 'at=SECONDS, for=SECONDS or the end of the line'],
    ['198.51.100.7 1 at=-1', 16, '"at=-1"', 'at=SECONDS or for=SECONDS, like for=2.5'],
    ['198.51.100.7 1 to=1', 16, '"to=1"', 'at=SECONDS or for=SECONDS, like for=2.5'],
    ['198.51.100.7 1 for=1 for=2', 22, '"for=2"', 'one for= in a line'],
    ['at=1', 5, 'the end of the line', "the client's IPv4 or IPv6 address"],
  ])('%j is refused', (line, column, found, expected) => {
    expect(parseTrace(`\n${line}`, null).faults).toEqual([{ line: 2, column, found, expected }]);
  });
});

test('the first flow settles the family, unless the service has', () => {
  expect(parseTrace('2001:db8::7 1', null).family).toBe(6);
  const like = (family: number) => ({ expected: `an IPv${family} address, like all others` });
  expect(parseTrace('2001:db8::7 1\n192.0.2.1 1', null).faults).toMatchObject([{ line: 2, column: 1, ...like(6) }]);
  expect(parseTrace('2001:db8::7 1', 4).faults).toMatchObject([{ line: 1, column: 1, ...like(4) }]);
});

test('all flows say when they open, or none', () => {
  const [timed, untimed] = ['192.0.2.1 1 at=1', '192.0.2.1 1'];
  expect(parseTrace(`${timed}\n${untimed}`, null).faults).toEqual([
    { line: 2, column: 12, found: 'the end of the line', expected: 'at=SECONDS, as in line 1' },
  ]);
  expect(parseTrace(`# x\n${untimed}\n${timed}`, null).faults).toEqual([
    { line: 3, column: 13, found: '"at=1"', expected: 'no at=, as in line 2' },
  ]);
});

test('every fault is told, and a file without a flow is one', () => {
  expect(parseTrace('x\ny\n192.0.2.1 1', null).faults.map(({ line }) => line)).toEqual([1, 2]);
  const nothing = [{ line: 1, column: 1, found: 'no flow in the whole file', expected: 'lines of CLIENT PORT' }];
  expect(parseTrace('# nothing\n', null).faults).toEqual(nothing);
});
