import { afterEach, expect, it } from 'vitest';
import type { ConfigInUse } from './config/configuration.ts';
import { followHangup, type HangupParts } from './hangup.ts';
import { createLog } from './log.ts';

const CONFIG = { path: '/x.conf' } as ConfigInUse;
const FAILED = { ok: false, code: 'bad-file', message: '', path: '' } as const;

let told: string[] = [];

function parts(current: ConfigInUse | null, reload: HangupParts['controller']['reload']): HangupParts {
  return {
    controller: { reload },
    configuration: { current },
    manager: { reloading: () => void told.push('reloading'), ready: (status) => void told.push(`ready ${status}`) },
    log: createLog('info', { write: (text) => void told.push(JSON.parse(text).msg) }),
    summary: () => '2 services',
  };
}

afterEach(() => {
  told = [];
  process.removeAllListeners('SIGHUP');
});

it('reloads, also at a signal of before there was anything to reload', async () => {
  const act = followHangup();
  process.emit('SIGHUP');
  act(
    parts(CONFIG, async ({ user }) => {
      told.push(`reload by ${user}`);
      return FAILED;
    }),
  );
  await expect.poll(() => told).toEqual(['reloading', 'reload by null', 'ready 2 services']);
  process.emit('SIGHUP');
  await expect.poll(() => told).toHaveLength(6);
});

it('says that there is no file', () => {
  followHangup()(parts(null, () => expect.fail()));
  process.emit('SIGHUP');
  expect(told).toEqual(['SIGHUP: no configuration file is in use, nothing to read again']);
});

it('is ready again after a fault', async () => {
  followHangup()(parts(CONFIG, () => Promise.reject(new Error('x'))));
  process.emit('SIGHUP');
  await expect
    .poll(() => told)
    .toEqual(['reloading', 'the configuration file could not be read again', 'ready 2 services']);
});
