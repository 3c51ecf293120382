/** Synchronization as a daemon may report it. */
import type { SyncBody } from '../../src/api/controller.ts';
import type { Address } from '../../src/core/model/model.ts';

const DAEMON = { interface: 'eth0', sync_id: 51, group: '224.0.0.81' as Address, port: 8848 };

export const NOT_SYNCHRONIZED: SyncBody = {
  master: null,
  backup: null,
  peers: [],
  authenticated: false,
  problems: [],
  sent: null,
  received: null,
  survival: { connections: 48200, told: 0 },
};

/** `now`: milliseconds since 1970. */
export function synchronized(now: number): SyncBody {
  const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();
  return {
    ...NOT_SYNCHRONIZED,
    master: DAEMON,
    backup: DAEMON,
    authenticated: true,
    sent: {
      ...{ messages: 31415, bytes: 45_200_000, connections: 1_210_000, templates: 310, failed: 0, tables: 12 },
      ...{ telling: null, last_at: ago(0.2) },
    },
    received: {
      messages: 12,
      bytes: 16_400,
      records: { new: 310, known: 92, 'no-service': 3 },
      refused: { forged: 2 },
      senders: [{ address: '10.0.0.2' as Address, messages: 12, last_at: ago(7260) }],
    },
    survival: { connections: 48200, told: 47951 },
  };
}
