/**
 * VRRP of `xlbd` without the rest of it: FILE RUN_DIR. Prints what it logs, each line with milliseconds
 * since 1970 before it; SIGHUP reads the file again, SIGTERM ends it in order.
 */
import { readFileSync } from 'node:fs';
import { buildModel } from '../../src/core/config/model/build-model.ts';
import { loadText } from '../../src/core/config/testing.ts';
import { startVrrp } from '../../src/daemon/vrrp/director.ts';
import { runScript } from '../../src/daemon/vrrp/run-script.ts';
import { vrrpSettings } from '../../src/daemon/vrrp/settings.ts';

const [file = '', runDir = ''] = process.argv.slice(2);

const say = (text: string) => console.log(`${performance.timeOrigin + performance.now()} ${text}`);
const director = await startVrrp({
  runDir,
  log: (level, _, message) => say(`${level} ${message}`),
  notify: (notice) => say(`notice ${JSON.stringify(notice)}`),
  runScript,
});

function configure(): void {
  const { file: loaded, faults } = loadText(readFileSync(file, 'utf8'));
  for (const fault of faults) if (fault.severity === 'error') throw new Error(JSON.stringify(fault));
  director.configure(vrrpSettings(buildModel(loaded)), []);
  say('configured');
}

process.on('SIGHUP', configure);
process.on('SIGTERM', async () => {
  await director.stop();
  say('stopped');
});
configure();
