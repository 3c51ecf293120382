/** Local addresses with their ports in use, counted in the connection table. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LocalAddressReport } from '../../api/protocol/local-addresses.ts';
import { addressFamily, addressFromWords } from '../../core/model/address.ts';
import { type LocalAddresses, localAddressText } from '../../core/model/local-addresses.ts';
import type { Address, LocalAddress } from '../../core/model/model.ts';
import { formatServiceKey, serverKeyText } from '../../core/model/service-key.ts';
import type { Entry } from '../../core/reconcile/reconciler.ts';
import type { ConnectionTable } from '../../dataplane/connections.ts';

/** Slots looked at in one turn. */
const CHUNK = 1 << 15;

export interface LocalAddressSources {
  readonly table: Pick<ConnectionTable, 'slots' | 'localPorts'>;
  readonly entries: ReadonlyMap<string, Entry>;
  /** Those of the configuration file. */
  readonly ofFile: LocalAddresses;
  /** Name of the interface that has the address; null: none has. */
  interfaceOf(address: Address): string | null;
}

export async function listLocalAddresses(
  addresses: readonly LocalAddress[],
  sources: LocalAddressSources,
): Promise<LocalAddressReport[]> {
  const uses = addresses.length === 0 ? new Map() : await portsInUse(sources);
  return addresses.map((local) => {
    const byServer: ReadonlyMap<string, number> = uses.get(local.address) ?? new Map();
    const counts = [...byServer].sort(([, a], [, b]) => b - a);
    const [busiest] = counts;
    return {
      address: local.address,
      service: local.service && formatServiceKey(local.service),
      first_port: local.firstPort,
      last_port: local.lastPort,
      ports: local.lastPort - local.firstPort + 1,
      interface: sources.interfaceOf(local.address),
      connections: counts.reduce((sum, [, count]) => sum + count, 0),
      busiest: busiest === undefined ? null : { server: busiest[0], connections: busiest[1] },
      origin: sources.ofFile.has(localAddressText(local)) ? 'file' : 'command',
    };
  });
}

/** By address and real server. One that has been forgotten since is left out. */
async function portsInUse({ table, entries }: LocalAddressSources): Promise<Map<Address, Map<string, number>>> {
  const servers = new Map(
    [...entries.values()].flatMap(({ slots }) => slots.flatMap((slot) => (slot ? [[slot.id, slot.key] as const] : []))),
  );
  const uses = new Map<Address, Map<string, number>>();
  for (let first = 0; first < table.slots; first += CHUNK) {
    for (const { address, realServerId } of table.localPorts(first, first + CHUNK)) {
      const server = servers.get(realServerId);
      if (server === undefined) continue;
      const local = addressFromWords(addressFamily(server.address), address);
      const counts = uses.get(local) ?? new Map<string, number>();
      const name = serverKeyText(server);
      uses.set(local, counts.set(name, (counts.get(name) ?? 0) + 1));
    }
    await nextTurn();
  }
  return uses;
}
