/** The model as the document that `save` prints. */
import type { Model, RealServer } from '../core/model/model.ts';
import type { DocumentBody } from './protocol/document.ts';
import {
  localToWire,
  markToWire,
  serverToWire,
  serviceToWire,
  syncDaemonsReport,
  timeoutsToWire,
  tunnelToWire,
} from './protocol/wire.ts';

/** Complete: defaults are written out, so that the document means the same under other defaults. */
export function documentOf(model: Model): DocumentBody {
  const services = [...model.services.values()].map(({ key, servers, ...values }) => ({
    ...serviceToWire({ ...key, ...values }),
    servers: servers.map(documentServer),
  }));
  return {
    services,
    marks: [...model.marks.values()].map(markToWire),
    tunnel: tunnelToWire(model.tunnel),
    timeouts: timeoutsToWire(model.timeouts),
    sync_daemons: syncDaemonsReport(model.syncDaemons),
    sysctls: model.sysctls,
    local_addresses: model.localAddresses.map(localToWire),
  };
}

function documentServer({ key, admin, lastWeight: _, ...values }: RealServer) {
  const server = serverToWire({ ...key, ...values });
  return admin === null ? server : { ...server, admin: { ...admin, at: new Date(admin.at).toISOString() } };
}
