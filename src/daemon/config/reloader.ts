/**
 * Takes a configuration file into use while the daemon runs: read and checked as
 * a whole, then swapped. A file with errors changes nothing and says why.
 */
import type { ChangesBody, Outcome, ReloadBody, ReloadRequest } from '../../api/controller.ts';
import { diffConfig } from '../../core/config/diff.ts';
import { applyFile, NO_SHARE } from '../../core/model/file-share.ts';
import { type Changer, failure } from '../changer.ts';
import type { Director } from '../director.ts';
import type { InterfaceManager } from '../interface-manager.ts';
import type { Log } from '../log.ts';
import type { GivenOptions } from '../options.ts';
import type { Saving } from '../saving.ts';
import { needingRestart, settle } from '../settings.ts';
import type { SavedConfig } from '../state-file.ts';
import { type ConfigInUse, type Configuration, isError } from './configuration.ts';
import { faultLine } from './fault-line.ts';

export interface ReloaderParts {
  readonly configuration: Configuration;
  readonly director: Director;
  readonly changer: Changer;
  readonly saving: Saving;
  readonly manager: InterfaceManager;
  readonly given: GivenOptions;
  readonly log: Log;
}

export class Reloader {
  readonly #parts: ReloaderParts;

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
  }

  async reload(request: ReloadRequest): Promise<Outcome<ReloadBody>> {
    const { configuration, log } = this.#parts;
    const path = request.file ?? configuration.current?.path;
    if (path === undefined) return failure('no-file', 'xlbd runs without a configuration file: name one');
    const { config, faults, report } = configuration.load(path);
    if (config === null) {
      const errors = faults.filter(isError);
      if (!request.dryRun) {
        configuration.fail({ path, text: `${faultLine(errors[0]!)}${errors.length > 1 ? ', and more' : ''}` });
        for (const fault of errors) log.error({}, faultLine(fault));
        log.error({ user: request.user }, `${path} cannot be used; nothing was changed`);
      }
      return failure('bad-file', report);
    }
    const outcome = await this.#take(config, request);
    if (!outcome.ok && !request.dryRun) {
      configuration.fail({ path, text: outcome.message });
      log.error({ user: request.user }, `${path} cannot be taken: ${outcome.message}; nothing was changed`);
    }
    return outcome.ok ? { ok: true, value: this.#body(config, request, outcome.value, report) } : outcome;
  }

  async #take(config: ConfigInUse, { dryRun, reset, user }: ReloadRequest): Promise<Outcome<TakenBody>> {
    const { configuration, director, changer, saving, log } = this.#parts;
    const before = configuration.current;
    const share = saving.config?.share ?? NO_SHARE;
    const model = applyFile(director.model, share, config.share, reset ? 'named' : 'changed');
    const saved = savedConfig(config);
    const dropped = (saving.config?.interfaces ?? []).filter((name) => !saved.interfaces.includes(name));
    const settings = diffConfig(before?.file ?? {}, config.file);
    const outcome = await changer.change(model, { dryRun, user, config: saved });
    if (!outcome.ok) return outcome;
    const warnings = [...outcome.value.warnings, ...restartWarnings(before, config)];
    if (!dryRun) {
      warnings.push(...this.#interfaces(config, dropped));
      saving.soon();
      configuration.use(config);
      const counts = { changes: outcome.value.changes.length, settings: settings.length };
      log.info({ user, file: config.path, ...counts }, 'the configuration file was read and is in use');
      for (const warning of warnings) log.warn({}, warning);
    }
    return { ok: true, value: { ...outcome.value, warnings, settings } };
  }

  /** What cannot be attached now is a warning: traffic goes on as it did. */
  #interfaces(config: ConfigInUse, dropped: readonly string[]): string[] {
    const { manager, given } = this.#parts;
    const { interfaces } = settle(given, config.model.director);
    for (const name of dropped) {
      const origin = manager.wanted.find((wanted) => wanted.name === name)?.origin;
      if (origin === 'file') manager.detach(name);
    }
    return interfaces
      .filter(({ origin }) => origin === 'file')
      .flatMap((wanted) => {
        const mode = manager.state(wanted.name)?.attachment?.mode;
        const other = mode !== undefined && wanted.mode !== 'auto' && wanted.mode !== mode;
        const later = `${wanted.name} stays in ${mode} mode until it is detached and attached again`;
        return [...manager.want(wanted), ...(other ? [later] : [])];
      });
  }

  #body({ path }: ConfigInUse, request: ReloadRequest, taken: TakenBody, report: string): ReloadBody {
    return { ...taken, dry_run: request.dryRun, file: path, report };
  }
}

type TakenBody = ChangesBody & Pick<ReloadBody, 'settings'>;

export function savedConfig({ path, share, model }: ConfigInUse): SavedConfig {
  return { path, share, interfaces: model.director.interfaces.map(({ name }) => name) };
}

function restartWarnings(before: ConfigInUse | null, after: ConfigInUse): string[] {
  const words = needingRestart(before?.model.director ?? { interfaces: [] }, after.model.director);
  return words.map((word) => `'${word}' of the block xlb takes effect when xlbd starts again`);
}
