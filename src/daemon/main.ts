/** xlbd, from the command line to the exit status. */
import manifest from '../../package.json' with { type: 'json' };
import { testConfig } from './config/test-config.ts';
import { createLog, type Log } from './log.ts';
import { createNotifier } from './notify.ts';
import { objectFile } from './object-file.ts';
import { type DaemonOptions, parseOptions } from './options.ts';
import { serve } from './serve.ts';
import { startDaemon } from './start.ts';

/** Milliseconds after which an orderly end is given up. */
const STOP_TIMEOUT = 10_000;

const parsed = parseOptions(process.argv.slice(2), manifest.version);
if ('exit' in parsed) {
  (parsed.exit === 0 ? process.stdout : process.stderr).write(parsed.output);
  process.exitCode = parsed.exit;
} else if ('test' in parsed) {
  const { exit, output } = testConfig(parsed.test);
  process.stderr.write(output);
  process.exitCode = exit;
} else {
  await run(parsed.options, createLog(parsed.options.logLevel));
}

async function run(options: DaemonOptions, log: Log): Promise<void> {
  const { version } = manifest;
  log.info({ version, pid: process.pid }, 'xlbd starts');
  const notifier = createNotifier(process.env, log);
  process.on('SIGHUP', () => log.info({}, 'SIGHUP: no configuration file is in use, nothing to read again'));
  let onFailure: (error: Error) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    onFailure = reject;
  });
  const stopped = Promise.race([endOfRun(), broken]);
  stopped.catch(() => {}); // what is thrown before anyone waits for it is thrown again to who does
  try {
    const daemon = await startDaemon({ options, log, version, object: objectFile(), onFailure });
    try {
      const close = await serve(daemon.controller, options, log, version);
      notifier.ready(daemon.summary());
      log.info({}, `ready: ${daemon.summary()}`);
      log.info({ signal: await stopped }, 'xlbd stops; the data plane stays attached and goes on');
      notifier.stopping();
      setTimeout(() => process.exit(1), STOP_TIMEOUT).unref();
      await close();
    } finally {
      await daemon.stop();
    }
  } catch (error) {
    fail(error, log);
  } finally {
    notifier[Symbol.dispose]();
  }
}

/** Resolves with the first signal that asks for an end; the next one ends at once. */
function endOfRun(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve(signal);
        process.once(signal, () => process.exit(1));
      });
    }
  });
}

/** One sentence on the terminal; the log has it too where the terminal is not its place. */
function fail(error: unknown, log: Log): void {
  const message = error instanceof Error ? error.message : String(error);
  log.error(log.isLevelEnabled('debug') ? { err: error } : {}, message);
  if (!process.stdout.isTTY) process.stderr.write(`xlbd: ${message}\n`);
  process.exitCode = 1;
}
