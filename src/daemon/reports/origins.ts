/** Whose an object is: the configuration file's that names it, or the command's that made it. */
import type { ServiceReport } from '../../api/protocol/services.ts';
import type { FileShare } from '../../core/model/file-share.ts';
import type { ServiceKey, VirtualService } from '../../core/model/model.ts';
import { serverKeyText, serviceKeyText } from '../../core/model/service-key.ts';

export type Origin = ServiceReport['origin'];

/** Of a service, and of its real servers by `serverKeyText`. */
export type Origins = (key: ServiceKey) => { readonly service: Origin; readonly server: (name: string) => Origin };

const COMMANDS: ReturnType<Origins> = { service: 'command', server: () => 'command' };

/** null: no file is in use. */
export function originsOf(share: FileShare | null): Origins {
  return (key) => {
    const said = share?.services.get(serviceKeyText(key));
    if (said === undefined) return COMMANDS;
    const names = serversOf(said);
    return { service: 'file', server: (name) => (names.has(name) ? 'file' : 'command') };
  };
}

const servers = new WeakMap<VirtualService, ReadonlySet<string>>();

/** Made once for as long as the file says the same. */
function serversOf(service: VirtualService): ReadonlySet<string> {
  const known = servers.get(service) ?? new Set(service.servers.map(({ key }) => serverKeyText(key)));
  servers.set(service, known);
  return known;
}
