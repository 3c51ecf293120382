/** What the keywords of a file mean together. */
import type { File } from '../keywords/root.ts';
import type { Report } from '../report.ts';
import { checkGlobals } from './globals.ts';
import { checkGroups } from './groups.ts';
import { checkInstance } from './instance.ts';
import { checkLinks } from './links.ts';
import { checkLocalAddresses, checkLocalGroup } from './local-addresses.ts';
import { checkNames } from './names.ts';
import { checkReferences } from './references.ts';
import { checkRouters } from './routers.ts';
import { checkService } from './service.ts';
import { checkTracked } from './tracked.ts';

export function checkFile(file: File, report: Report): void {
  checkNames(file, report);
  checkGlobals(file, report);
  checkTracked(file, report);
  for (const instance of file.vrrp_instance ?? []) checkInstance(instance, file, report);
  checkRouters(file, report);
  checkGroups(file, report);
  checkLinks(file, report);
  checkReferences(file, report);
  checkLocalAddresses(file, report);
  for (const service of file.virtual_server ?? []) {
    checkService(service, file, report);
    checkLocalGroup(service, file, report);
  }
}
