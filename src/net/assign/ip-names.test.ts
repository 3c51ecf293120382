import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { numberOf, parseNumber, readIpNames } from './ip-names.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xlb-names-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(directory, path, '..'), { recursive: true });
  writeFileSync(join(directory, path), text);
}

describe('readIpNames', () => {
  test('what the machine says is added to what is standard; later folders win', () => {
    write('usr/rt_tables', '255\tlocal\n200 web # a comment\n# 201 none\n');
    write('etc/rt_tables', '0x64 web\n');
    write('etc/rt_tables.d/50-more.conf', '101 mail\n');
    write('etc/rt_tables.d/README', 'no table\n');
    write('etc/rt_dsfield', '0xB8\tEF\n');
    write('protocols', 'gre\t47\tGRE # encapsulation\n');
    const names = readIpNames({ iproute: [join(directory, 'usr'), join(directory, 'etc')], etc: directory });
    expect(Object.fromEntries(names.tables)).toEqual({ default: 253, main: 254, local: 255, web: 100, mail: 101 });
    expect(names.dsfields.get('EF')).toBe(0xb8);
    expect(names.ipProtocols.get('gre')).toBe(47);
    expect(names.protocols.get('keepalived')).toBe(18);
  });

  test('a line without sense is named', () => {
    write('rt_tables', '\nweb 100\n');
    const file = join(directory, 'rt_tables');
    expect(() => readIpNames({ iproute: [directory], etc: directory })).toThrow(
      `${file}:2: found 'web 100', expected a number and a name`,
    );
  });

  test("this machine's own can be read", () => {
    expect(readIpNames().scopes.get('link')).toBe(253);
  });
});

test.each([
  ['0', 0],
  ['42', 42],
  ['0x2A', 42],
  ['052', 42],
  ['09', null],
  ['-1', null],
  ['1e3', null],
  ['99999999999999999999', null],
])('parseNumber %s: %s', (text, value) => {
  expect(parseNumber(text)).toBe(value);
});

test.each([
  ['web', 300],
  ['7', 7],
  ['301', null],
  ['other', null],
])('numberOf %s: %s', (text, value) => {
  expect(numberOf(new Map([['web', 300]]), text, 300)).toBe(value);
});
