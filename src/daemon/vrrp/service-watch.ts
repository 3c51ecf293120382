/** Whether the virtual services that instances follow have their quorum. */
import type { ConfigModel } from '../../core/config/model/build-model.ts';
import type { Model } from '../../core/model/model.ts';
import { serviceKeyText } from '../../core/model/service-key.ts';
import { trackerKey } from '../../core/vrrp/tracking.ts';
import type { TrackNews } from './protocol.ts';

type ConfiguredService = ConfigModel['services'][number];

/** `before`: what was told last. A service that the file does not have is down. */
export function serviceNews(
  { instances, services }: Pick<ConfigModel, 'instances' | 'services'>,
  model: Model,
  before: ReadonlyMap<string, TrackNews['status']>,
): TrackNews[] {
  const names = new Set(instances.flatMap(({ tracks }) => tracks.virtualServers.map(({ name }) => name)));
  return [...names].map((name) => {
    const key = trackerKey({ kind: 'virtual-server', name });
    const service = services.find((each) => isNamed(each, name));
    return { key, status: service !== undefined && isUp(service, model, before.get(key)) ? 'up' : 'down' };
  });
}

/** As after `virtual_server`, with the protocol behind it or not. */
export function isNamed({ name, services }: ConfiguredService, wanted: string): boolean {
  const words = (text: string) => text.trim().split(/\s+/).join(' ').toLowerCase();
  const protocols = services.flatMap((service) => ('address' in service ? [service.protocol] : []));
  return [name, ...protocols.map((protocol) => `${name} ${protocol}`)].some((each) => words(each) === words(wanted));
}

/** Every address of it has its quorum; with hysteresis what was up stays up a little longer, and the other way round. */
function isUp({ services, quorum, hysteresis }: ConfiguredService, model: Model, before: unknown): boolean {
  const least = before === undefined ? quorum : before === 'up' ? quorum - hysteresis : quorum + hysteresis;
  return services.every((service) => {
    const running = model.services.get(serviceKeyText(service));
    const weight = (running?.servers ?? []).reduce((sum, server) => sum + server.weight, 0);
    return weight >= Math.max(1, least);
  });
}
