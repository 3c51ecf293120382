/** Configuration files in memory, for the daemon in memory. */
import type { ConfigBody, Outcome, ReloadBody, ReloadRequest } from '../../src/api/controller.ts';
import { diffConfig } from '../../src/core/config/diff.ts';
import { formatReport } from '../../src/core/config/format-fault.ts';
import type { File } from '../../src/core/config/keywords/root.ts';
import { loadConfig } from '../../src/core/config/load.ts';
import { buildModel } from '../../src/core/config/model/build-model.ts';
import { printConfig } from '../../src/core/config/print.ts';
import { filesOf, SURROUNDINGS } from '../../src/core/config/testing.ts';
import { applyFile, type FileShare, NO_SHARE, shareOf } from '../../src/core/model/file-share.ts';
import type { Model } from '../../src/core/model/model.ts';

interface InUse {
  readonly path: string;
  readonly file: File;
  readonly share: FileShare;
}

type Plan = Outcome<{
  readonly model: Model;
  readonly inUse: InUse;
  readonly body: Omit<ReloadBody, 'changes' | 'warnings'>;
}>;

export class FakeConfiguration {
  /** Text by path. */
  readonly files: Record<string, string> = {};
  inUse: InUse | null = null;

  show(loadedAt: string): Outcome<ConfigBody> {
    if (this.inUse === null) return refusal('no-file', 'xlbd runs without a configuration file');
    const { path, file } = this.inUse;
    const model = { ...buildModel(file) };
    return { ok: true, value: { file: path, loaded_at: loadedAt, text: `${printConfig(file)}\n`, model } };
  }

  plan(running: Model, { file: path = this.inUse?.path, dryRun, reset }: ReloadRequest): Plan {
    if (path === undefined) return refusal('no-file', 'xlbd runs without a configuration file: name one');
    const loaded = loadConfig({ path, files: filesOf(this.files), surroundings: SURROUNDINGS, machine: null });
    const report = formatReport(path, loaded);
    if (loaded.faults.some(({ severity }) => severity === 'error')) return refusal('bad-file', report);
    const { services: named, marks, localAddresses, timeouts, sync } = buildModel(loaded.file);
    const services = named.flatMap((service) => service.services);
    const made = shareOf({ services, marks, localAddresses, timeouts, syncs: sync !== null });
    if ('error' in made) throw new Error(made.error.message);
    const model = applyFile(running, this.inUse?.share ?? NO_SHARE, made.share, reset ? 'named' : 'changed');
    const settings = diffConfig(this.inUse?.file ?? {}, loaded.file);
    const body = { dry_run: dryRun, file: path, settings, report };
    return { ok: true, value: { model, inUse: { path, file: loaded.file, share: made.share }, body } };
  }
}

function refusal(code: 'no-file' | 'bad-file', message: string) {
  return { ok: false, code, message, path: '' } as const;
}
