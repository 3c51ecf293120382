/** Metrics whose library, a sixth of xlbd's program, is loaded once the sockets are served. */
import type { Controller } from '../api/controller.ts';
import type { Metrics } from '../api/metrics.ts';

export interface LateMetrics extends Metrics {
  /** Not at the first scrape: an upgrade may have replaced the file by then. Rejects where it is missing. */
  load(): Promise<Metrics>;
}

export function lateMetrics(controller: Controller): LateMetrics {
  let loaded: Promise<Metrics> | undefined;
  const load = () => {
    loaded ??= import('../api/metrics.ts').then(({ createMetrics }) => createMetrics(controller));
    return loaded;
  };
  return {
    load,
    text: async () => (await load()).text(),
    answer: async (request, response) => (await load()).answer(request, response),
  };
}
