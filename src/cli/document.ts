/** `xlb apply`, `xlb save` and `xlb restore`: everything at once, as one JSON document. */
import { Command } from 'commander';
import { parseJson } from '../api/protocol/json-fault.ts';
import type { Command as ModelCommand } from '../core/model/command.ts';
import { type ChangeOptions, change, verb } from './change.ts';
import { connect } from './connect.ts';
import { type Env, EXIT } from './env.ts';
import { readText } from './read-text.ts';
import { ProblemError } from './usage.ts';

type Exit = (code: number) => void;

export function applyCommand(env: Env, exit: Exit): Command {
  return verb('apply')
    .description('make the services those of a file; what is drained stays so')
    .argument('<file>', 'JSON as xlb save prints it; - for standard input')
    .action(async (file: string, options: ChangeOptions) =>
      exit(await change(env, options, await commandsOf(env, file))),
    );
}

export function restoreCommand(env: Env, exit: Exit): Command {
  return verb('restore')
    .description('make everything exactly as it was saved, drains included')
    .argument('[file]', 'what xlb save printed; standard input where left out', '-')
    .action(async (file: string, options: ChangeOptions) =>
      exit(await change(env, options, [{ type: 'clear' }, ...(await commandsOf(env, file))])),
    );
}

export function saveCommand(env: Env, exit: Exit): Command {
  return new Command('save')
    .description('print everything that commands made, for apply and restore')
    .option('--json', 'print it on one line')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const report = await connect(env).document();
      env.stdout.write(`${JSON.stringify(report, null, json ? 0 : 2)}\n`);
      exit(EXIT.ok);
    });
}

/** Throws ProblemError where the file is not a document, with the place of the fault. */
async function commandsOf(env: Env, file: string): Promise<ModelCommand[]> {
  const { name, text } = await readText(env, file);
  const parsed = parseJson(text);
  if ('fault' in parsed) {
    const { line, column, found } = parsed.fault;
    throw new ProblemError(`${name}:${line}:${column}: broken JSON, found ${found}`);
  }
  const [{ documentCommands, documentFileSchema }, { faultOf }] = await Promise.all([
    import('../api/protocol/document.ts'),
    import('../api/protocol/fault.ts'),
  ]);
  const checked = documentFileSchema.safeParse(parsed.value);
  if (checked.success) return documentCommands(checked.data, { user: env.user, now: env.now() });
  const { path, message } = faultOf(checked.error);
  throw new ProblemError(`${name}: ${path === '' ? '' : `${path}: `}${message}`);
}
