/** The small parts of the protocol: names, filters, reasons, schemas. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fakeConnections } from '../../../test/api/fake-controller.ts';
import { openApiDocument } from '../openapi.ts';
import { ROUTES } from '../routes.ts';
import { connectionMatches, FILTER_WORDS, type FilterWord, parseFilterWord } from './connection-filter.ts';
import { parseEndpoint } from './endpoint.ts';
import { REASONS } from './reasons.ts';
import { jsonSchema, SCHEMA_NAMES } from './schemas.ts';

describe('parseEndpoint', () => {
  it.each([
    ['10.0.0.11', '10.0.0.11', undefined],
    ['10.0.0.11:80', '10.0.0.11', 80],
    ['2001:DB8::1', '2001:db8::1', undefined],
    ['[2001:db8::1]', '2001:db8::1', undefined],
    ['[2001:db8::1]:65535', '2001:db8::1', 65535],
  ])('reads %s', (text, address, port) => {
    expect(parseEndpoint(text)).toEqual({ address, port });
  });

  it.each([
    '',
    '10.0.0',
    '010.0.0.1',
    '10.0.0.11:',
    '10.0.0.11:65536',
    '10.0.0.11:080',
    '[10.0.0.11]:80',
    '[2001:db8::1',
    '[]:80',
    'fe80::1%eth0',
    'x'.repeat(1000),
  ])('refuses %j', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });
});

describe('filters', () => {
  const [connection] = fakeConnections(1);

  it.each([
    ['service', '192.0.2.10:80/tcp', true],
    ['service', '192.0.2.10:80/udp', false],
    ['real', '10.0.0.11', true],
    ['real', '10.0.0.11:81', false],
    ['client', '198.51.0.0:1024', true],
    ['client', '198.51.0.1', false],
    ['state', 'established', true],
    ['state', 'CLOSE', false],
    ['protocol', 'tcp', true],
    ['protocol', 'udp', false],
    ['min_age', '0', true],
    ['min_age', '1', false],
  ] as const)('%s=%s', (word, value, matches) => {
    const filter = parseFilterWord(word, value);
    expect(filter).toBeDefined();
    expect(connection && connectionMatches(filter ?? {}, connection)).toBe(matches);
  });

  it.each(Object.keys(FILTER_WORDS) as FilterWord[])('%s refuses nonsense', (word) => {
    expect(parseFilterWord(word, 'nonsense')).toBeUndefined();
  });
});

it('has a text for every counter of the data plane, and no other', () => {
  const source = readFileSync('bpf/types.h', 'utf8');
  const members = /struct counters \{([\s\S]*?)\n\};/.exec(source)?.[1] ?? '';
  const names = [...members.matchAll(/^\s*__u64 (\w+);/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(REASONS)).toEqual(names);
});

describe('schemas', () => {
  it.each([...SCHEMA_NAMES])('prints %s', (name) => {
    expect(jsonSchema(name)).toMatchObject({ $schema: expect.stringContaining('json-schema.org') });
  });

  it('knows no other', () => {
    expect(jsonSchema('toString')).toBeUndefined();
  });

  it('stand in the OpenAPI document, with every route', () => {
    const document = openApiDocument('1.2.3') as {
      info: object;
      paths: Record<string, object>;
      components: { schemas: Record<string, object> };
    };
    expect(document.info).toMatchObject({ version: '1.2.3' });
    expect(Object.keys(document.components.schemas).sort()).toEqual([...SCHEMA_NAMES]);
    for (const { path, method } of ROUTES) expect(document.paths[path]).toHaveProperty(method.toLowerCase());
    expect(Object.keys(document.paths)).toContain('/metrics');
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)];
    for (const [, name] of references) expect(SCHEMA_NAMES).toContain(name);
  });
});
