/** The sockets that the daemon answers at. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Controller } from '../api/controller.ts';
import { listenTcp, listenUnix } from '../api/listen.ts';
import { createApiServer, createMetricsServer, loadApi } from '../api/server.ts';
import { Disposers } from './disposers.ts';
import type { Log } from './log.ts';
import { lateMetrics } from './metrics.ts';
import type { DaemonSettings } from './settings.ts';

export const SOCKET_NAME = 'xlb.sock';

/** Serves until what it answers is called. */
export async function serve(
  controller: Controller,
  { runDir, group, metrics: metricsAt }: DaemonSettings,
  log: Log,
  version: string,
): Promise<() => Promise<void>> {
  const disposers = new Disposers();
  const metrics = lateMetrics(controller);
  const onFault = (fault: unknown, route: string) => log.error({ err: fault, route }, 'a request failed');
  try {
    if (metricsAt !== null) {
      const { host, port } = metricsAt;
      const listening = await listenTcp(createMetricsServer({ metrics, onFault }), host, port);
      disposers.add('the metrics server', () => listening.close());
      log.info({ address: host, port: listening.port }, 'serving /metrics');
    }
    const server = createApiServer({ controller, host: hostname(), version, metrics, onFault });
    const path = join(runDir, SOCKET_NAME);
    const listening = await listenUnix(server, { path, group });
    disposers.add('the API server', () => listening.close());
    log.info({ path }, 'serving the API');
    // One after the other: who asks at once waits for the first only.
    loadApi()
      .catch((error: unknown) => log.error({ err: error }, 'the API cannot answer'))
      .then(() => metrics.load())
      .catch((error: unknown) => log.error({ err: error }, 'there are no metrics'));
  } catch (error) {
    await disposers.dispose();
    throw error;
  }
  return async () => {
    for (const { name, error } of await disposers.dispose()) log.error({ err: error }, `stopping ${name} failed`);
  };
}
