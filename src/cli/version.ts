/** `xlb version`: of this command, and of the daemon where one answers. */
import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { ApiError } from '../api/client.ts';
import { connect } from './connect.ts';
import { type Env, EXIT } from './env.ts';

export const VERSION: string = manifest.version;

export function versionCommand(env: Env, exit: (code: number) => void): Command {
  return new Command('version').description('version of xlb, and of xlbd where it answers').action(async () => {
    env.stdout.write(`xlb ${VERSION}\n`);
    try {
      const { version, pid } = await connect(env).status();
      env.stdout.write(`xlbd ${version} (pid ${pid})\n`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      env.stderr.write(`xlb: ${error.message}\n`);
    }
    exit(EXIT.ok);
  });
}
