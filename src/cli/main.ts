import { processEnv } from './process-env.ts';
import { run } from './run.ts';

process.exitCode = await run(processEnv());
