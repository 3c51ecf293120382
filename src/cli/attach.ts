/** `xlb attach IFACE` and `xlb detach IFACE`. */
import { Command, Option } from 'commander';
import type { AttachMode } from '../api/protocol/command.ts';
import { connect } from './connect.ts';
import { type Env, EXIT } from './env.ts';

interface AttachOptions {
  readonly mode: AttachMode;
  readonly json?: boolean;
}

export function attachCommand(env: Env, exit: (code: number) => void): Command {
  return new Command('attach')
    .description('attach the data plane to an interface')
    .argument('<iface>', 'name of the interface, like eth0')
    .addOption(
      new Option(
        '--mode <mode>',
        'native: in the driver; generic: in the network stack, slower; auto: the first that works',
      )
        .choices(['native', 'generic', 'auto'])
        .default('auto'),
    )
    .option('--json', 'print JSON')
    .action(async (name: string, options: AttachOptions) => {
      const report = await connect(env).attach(name, options.mode);
      if (options.json) env.stdout.write(`${JSON.stringify(report)}\n`);
      else env.stdout.write(`${name} attached, ${report.interface.mode ?? 'no'} mode\n`);
      for (const warning of report.warnings) env.stderr.write(`xlb: warning: ${warning}\n`);
      exit(EXIT.ok);
    });
}

export function detachCommand(env: Env, exit: (code: number) => void): Command {
  return new Command('detach')
    .description('detach the data plane from an interface; its traffic goes to the kernel')
    .argument('<iface>', 'name of the interface')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { readonly json?: boolean }) => {
      const report = await connect(env).detach(name);
      env.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${name} detached\n`);
      exit(EXIT.ok);
    });
}
