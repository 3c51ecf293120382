/** The part of JSON Schema 2020-12 that our documents use; anything else in a schema is a fault. */

type Schema = { readonly [keyword: string]: unknown };

const IGNORED = new Set(['$schema', 'description', 'format', 'id', 'pattern']);

/** What is wrong, each with its path; empty: nothing. `root` is where `$ref` leads from. */
export function schemaFaults(schema: Schema, value: unknown, root: Schema = schema, path = '$'): string[] {
  // What has the wrong type cannot be looked into.
  const wrongType = Object.hasOwn(schema, 'type')
    ? KEYWORDS['type']?.(schema['type'] as never, value, { schema, root, path })
    : [];
  if (wrongType && wrongType.length > 0) return wrongType;
  return Object.entries(schema).flatMap(([keyword, argument]) => {
    if (IGNORED.has(keyword) || keyword === 'additionalProperties') return [];
    const check = KEYWORDS[keyword];
    if (check === undefined) return [`${path}: the validator does not know ${keyword}`];
    return check(argument as never, value, { schema, root, path });
  });
}

interface Place {
  readonly schema: Schema;
  readonly root: Schema;
  readonly path: string;
}

type Check = (argument: never, value: unknown, place: Place) => string[];

const KEYWORDS: Readonly<Record<string, Check>> = {
  $ref: (pointer: string, value, { root, path }) => schemaFaults(resolve(root, pointer), value, root, path),
  type: (types: string | readonly string[], value, { path }) =>
    fault(
      [types].flat().some((type) => typeOf(value, type) === type),
      path,
      `is no ${types}`,
    ),
  const: (wanted: unknown, value, { path }) => fault(wanted === value, path, `is not ${wanted}`),
  enum: (wanted: readonly unknown[], value, { path }) => fault(wanted.includes(value), path, `not of ${wanted}`),
  minimum: (least: number, value, { path }) =>
    fault(value === null || (value as number) >= least, path, `below ${least}`),
  maximum: (most: number, value, { path }) => fault(value === null || (value as number) <= most, path, `above ${most}`),
  maxLength: (most: number, value, { path }) => fault((value as string).length <= most, path, 'too long'),
  maxItems: (most: number, value, { path }) => fault((value as unknown[]).length <= most, path, 'too many'),
  anyOf: some,
  oneOf: some,
  items: (schema: Schema, value, { root, path }) =>
    (value as unknown[]).flatMap((item, index) => schemaFaults(schema, item, root, `${path}[${index}]`)),
  required: (names: readonly string[], value, { path }) =>
    names.filter((name) => !Object.hasOwn(value as object, name)).map((name) => `${path}.${name}: is missing`),
  properties: (properties: Readonly<Record<string, Schema>>, value, { schema, root, path }) =>
    Object.entries(value as object).flatMap(([name, member]) => {
      const known = properties[name];
      if (known !== undefined) return schemaFaults(known, member, root, `${path}.${name}`);
      return fault(schema['additionalProperties'] !== false, `${path}.${name}`, 'is not in the schema');
    }),
};

function some(schemas: readonly Schema[], value: unknown, { root, path }: Place): string[] {
  const tried = schemas.map((schema) => schemaFaults(schema, value, root, path));
  return tried.some((faults) => faults.length === 0) ? [] : tried.flat();
}

function resolve(root: Schema, pointer: string): Schema {
  return pointer
    .slice(2)
    .split('/')
    .reduce((at, name) => at[name] as Schema, root);
}

function typeOf(value: unknown, wanted: string): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return wanted === 'integer' && Number.isInteger(value) ? 'integer' : typeof value;
}

function fault(good: boolean, path: string, text: string): string[] {
  return good ? [] : [`${path}: ${text}`];
}
