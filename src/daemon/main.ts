/**
 * xlbd, from the command line to the exit status. What is imported here is needed before the kernel makes maps and
 * verifies programs; the rest, most of xlbd, is read meanwhile.
 */
import manifest from '../../package.json' with { type: 'json' };
import { type ConfigInUse, Configuration } from './config/configuration.ts';
import { faultLine } from './config/fault-line.ts';
import { testConfig } from './config/test-config.ts';
import { Disposers } from './disposers.ts';
import { begin } from './early.ts';
import { followHangup } from './hangup.ts';
import { createLog, type Log } from './log.ts';
import { objectFile } from './object-file.ts';
import { type GivenOptions, parseOptions, type RunRequest } from './options.ts';
import { serviceManager } from './service-manager.ts';
import { settle } from './settings.ts';

/** Milliseconds after which an orderly end is given up: notify scripts, mails and a shutdown script have their time. */
const STOP_TIMEOUT = 25_000;

const parsed = parseOptions(process.argv.slice(2), manifest.version);
if ('exit' in parsed) {
  (parsed.exit === 0 ? process.stdout : process.stderr).write(parsed.output);
  process.exitCode = parsed.exit;
} else if ('test' in parsed) {
  const { exit, output } = testConfig(parsed.test);
  process.stderr.write(output);
  process.exitCode = exit;
} else {
  await load(parsed.run, createLog(parsed.run.given.logLevel));
}

/** The file is checked before anything is touched; one with errors ends the start as -t does. */
async function load({ given, file, configId }: RunRequest, log: Log): Promise<void> {
  const configuration = new Configuration(configId);
  if (file === undefined) return await run(given, configuration, null, log);
  const { config, faults, report } = configuration.load(file);
  if (config === null) {
    process.stderr.write(report);
    process.exitCode = 1;
    return;
  }
  for (const fault of faults) log.warn({}, faultLine(fault));
  await run(given, configuration, config, log);
}

async function run(
  given: GivenOptions,
  configuration: Configuration,
  config: ConfigInUse | null,
  log: Log,
): Promise<void> {
  const { version } = manifest;
  log.info({ version, pid: process.pid }, 'xlbd starts');
  const manager = serviceManager(process.env, log);
  const onHangup = followHangup();
  let onFailure: (error: Error) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    onFailure = reject;
  });
  const stopped = Promise.race([endOfRun(), broken]);
  stopped.catch(() => {}); // what is thrown before anyone waits for it is thrown again to who does
  const settings = settle(given, config?.model.director ?? { interfaces: [] });
  const disposers = new Disposers();
  try {
    const first = { settings, configuration, config, log, object: objectFile(), disposers };
    const loading = await begin(first);
    const [{ startDaemon }, { serve }] = await Promise.all([import('./start.ts'), import('./serve.ts')]);
    const daemon = await startDaemon({ ...first, given, version, loading, onFailure });
    const close = await serve(daemon.controller, settings, log, version);
    manager.ready(daemon.summary());
    log.info({}, `ready: ${daemon.summary()}`);
    onHangup({ ...daemon, configuration, manager, log });
    log.info({ signal: await stopped }, 'xlbd stops; the data plane stays attached and goes on');
    manager.stopping();
    setTimeout(() => process.exit(1), STOP_TIMEOUT).unref();
    await close();
  } catch (error) {
    fail(error, log);
  } finally {
    for (const { name, error } of await disposers.dispose()) log.error({ err: error }, `stopping ${name} failed`);
    manager[Symbol.dispose]();
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
