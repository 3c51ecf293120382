/** What the synchronizer does, as the API says it. */
import type { SyncBody } from '../../api/controller.ts';
import type { SyncDaemon } from '../../core/model/model.ts';
import type { Survival } from '../../dataplane/told-book.ts';
import type { Synchronizer } from '../sync/synchronizer.ts';

/** `countConnections`: without a master nothing is told, and only the connections are counted. */
export function syncReport(synchronizer: Synchronizer, countConnections: () => Survival): SyncBody {
  const { teller, backup, settings, problems, received } = synchronizer;
  return {
    master: teller === undefined ? null : daemonBody(teller.daemon),
    backup: backup === undefined ? null : daemonBody(backup.daemon),
    peers: [...settings.peers],
    authenticated: settings.keyFile !== undefined,
    problems,
    sent: sentBody(teller?.teller),
    received: teller === undefined && backup === undefined ? null : receivedBody(received),
    survival: teller?.teller.survival() ?? countConnections(),
  };
}

function daemonBody({ interface: name, syncId, group, port }: SyncDaemon) {
  return { interface: name, sync_id: syncId, group, port };
}

function sentBody(teller: NonNullable<Synchronizer['teller']>['teller'] | undefined): SyncBody['sent'] {
  if (teller === undefined) return null;
  const { passes, lastAt, ...counts } = teller.sent;
  return { ...counts, tables: passes, telling: teller.progress, last_at: timeText(lastAt) };
}

function receivedBody({ messages, bytes, records, refused, peers }: Synchronizer['received']): SyncBody['received'] {
  return {
    ...{ messages, bytes, records: Object.fromEntries(records), refused: Object.fromEntries(refused) },
    senders: [...peers].map(([address, peer]) => ({
      address: address as SyncBody['peers'][number],
      messages: peer.messages,
      last_at: new Date(peer.lastAt).toISOString(),
    })),
  };
}

function timeText(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
