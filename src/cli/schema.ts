/** `xlb schema NAME`: the JSON schema of a report or a request. */
import { Command } from 'commander';
import { type Env, EXIT } from './env.ts';
import { UsageError } from './usage.ts';

export function schemaCommand(env: Env, exit: (code: number) => void): Command {
  return new Command('schema')
    .description('JSON schema of what --json prints and the API takes; without a name, all names')
    .argument('[name]', 'the part of "schema" behind xlb/1/, like status')
    .action(async (name: string | undefined) => {
      const { jsonSchema, SCHEMA_NAMES } = await import('../api/protocol/schemas.ts');
      if (name === undefined) {
        env.stdout.write(SCHEMA_NAMES.map((known) => `${known}\n`).join(''));
        return exit(EXIT.ok);
      }
      const schema = jsonSchema(name);
      if (schema === undefined) throw new UsageError(`no schema '${name}'. There are: ${SCHEMA_NAMES.join(', ')}.`);
      env.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
      exit(EXIT.ok);
    });
}
