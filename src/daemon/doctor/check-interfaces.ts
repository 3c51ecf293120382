/** The interfaces that the data plane is on: driver, mode, queues, sizes of packets. */
import type { DoctorCheck } from '../../api/protocol/doctor.ts';
import { addressFamily } from '../../core/model/address.ts';
import { formatServiceKey, serverKeyText } from '../../core/model/service-key.ts';
import type { DoctorFacts, InterfaceFacts } from './facts.ts';

/** Bytes that IP in IP puts before a client's packet: the outer header. */
const OUTER_HEADER = { 4: 20, 6: 40 } as const;

export function checkInterfaces(facts: DoctorFacts): DoctorCheck[] {
  return [...facts.interfaces.flatMap((each) => attached(each, facts)), ...tunnels(facts)];
}

function attached({ state, driver, queues }: InterfaceFacts, { problems, cpus }: DoctorFacts): DoctorCheck[] {
  const { name, device, attachment } = state;
  const found: DoctorCheck[] = [];
  if (attachment !== undefined && device !== undefined && !problems.some(({ subject }) => subject === name)) {
    const kind = driver ?? (device.kind || 'unknown');
    const text = `${attachment.mode} XDP (driver ${kind}), MTU ${device.mtu}, ${queues} receive queues`;
    found.push({ id: 'attached', state: 'ok', subject: name, text, next: null });
  }
  // Only cards spread packets over queues; a device without a driver of its own has no say in it.
  if (attachment !== undefined && driver !== null && queues === 1 && cpus > 1) {
    const text = `one receive queue: 1 of ${cpus} CPUs does all the work`;
    found.push({ id: 'one-queue', state: 'warn', subject: name, text, next: `ethtool -L ${name} combined ${cpus}` });
  }
  return found;
}

/** A client's largest packet must fit the way to the real server with one more header. */
function tunnels({ model, interfaces, resolution }: DoctorFacts): DoctorCheck[] {
  const largest = Math.max(0, ...interfaces.map(({ state }) => state.device?.mtu ?? 0));
  const found: DoctorCheck[] = [];
  for (const { key, servers } of model.services.values()) {
    for (const server of servers) {
      const way = server.method === 'tun' ? resolution(server.key.address) : undefined;
      if (way?.state !== 'resolved') continue;
      const room = way.mtu - OUTER_HEADER[addressFamily(server.key.address)];
      if (room >= largest) continue;
      found.push({
        id: 'tunnel-mtu',
        state: 'warn',
        subject: `${formatServiceKey(key)} > ${serverKeyText(server.key)}`,
        text: `packets of clients over ${room} bytes do not fit the tunnel (MTU ${way.mtu} by ${way.interfaceName}): their senders are told to send smaller ones`,
        next: `ip link set dev ${way.interfaceName} mtu ${largest + way.mtu - room}`,
      });
    }
  }
  return found;
}
