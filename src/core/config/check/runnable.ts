/** Whether services can run together as they stand. Of a file without errors: what the model refuses is one. */
import { addressFamily } from '../../model/address.ts';
import { shareOf } from '../../model/file-share.ts';
import { formatServiceKey, serviceKeyText } from '../../model/service-key.ts';
import type { File, ServiceSettings } from '../keywords/root.ts';
import { groupMarks, marksOf } from '../model/marks.ts';
import { buildService, type Service, type ServiceWithServers } from '../model/service.ts';
import { type Position, place, type Report } from '../report.ts';

export function checkRunnable(file: File, report: Report): void {
  const first = new Map<string, Position>();
  checkMarks(file, report);
  for (const setting of file.virtual_server ?? []) {
    const service = buildService(setting, file);
    checkOverlap(service, first, report);
    checkModel(setting, service, report);
  }
}

/** Rules that cannot stand beside each other. Those of groups stand at the group's name. */
function checkMarks(file: File, report: Report): void {
  const rules = marksOf(file);
  const made = shareOf({ marks: rules });
  if (!('error' in made)) return;
  const { path, message } = made.error;
  const index = Number(/^rules\[(\d+)\]/.exec(path)?.[1] ?? 0);
  const own = (file.xlb ?? []).flatMap(({ block }) => block.mark ?? []);
  const group = (file.virtual_server ?? []).find((service) => groupMarks(file).get(service) === rules[index]!.mark);
  report.error((own[index]?.words[0] ?? group?.words[1] ?? group?.keyword)!.at, message);
}

/** Groups may name an address that another virtual server has, too. */
function checkOverlap({ at, services }: Service, first: Map<string, Position>, report: Report): void {
  for (const key of services) {
    const name = serviceKeyText(key);
    const before = first.get(name);
    if (before === undefined) {
      first.set(name, at);
      continue;
    }
    const found = before === at ? 'in this group again' : `again, which the virtual server at ${place(before)} has`;
    report.error(at, `found ${formatServiceKey(key)} ${found}, expected it once`);
    return;
  }
}

/** One of each family is enough: the others differ in nothing that is refused. */
function checkModel({ block }: ServiceSettings, { at, services }: Service, report: Report): void {
  const samples = new Map(services.map((service) => [familyOf(service), service]));
  for (const service of samples.values()) {
    const made = shareOf({ services: [service] });
    if (!('error' in made)) continue;
    const { path, message } = made.error;
    const [, index] = /servers\[(\d+)\]/.exec(path) ?? [];
    const server = index === undefined ? undefined : block.real_server?.[Number(index)];
    report.error(server?.words[0]?.at ?? at, message);
    return;
  }
}

function familyOf(service: ServiceWithServers): 4 | 6 {
  return service.protocol === 'fwmark' ? service.family : addressFamily(service.address);
}
