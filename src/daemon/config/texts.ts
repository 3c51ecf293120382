/** A configuration file in reports and in the log. */
import type { ConfigBody, Outcome } from '../../api/controller.ts';
import { printConfig } from '../../core/config/print.ts';
import { failure } from '../changer.ts';
import type { ConfigInUse } from './configuration.ts';

export function configReport(current: ConfigInUse | null): Outcome<ConfigBody> {
  if (current === null) return failure('no-file', 'xlbd runs without a configuration file');
  const { path, file, model, loadedAt } = current;
  const loaded_at = new Date(loadedAt).toISOString();
  return { ok: true, value: { file: path, loaded_at, text: `${printConfig(file)}\n`, model: { ...model } } };
}
