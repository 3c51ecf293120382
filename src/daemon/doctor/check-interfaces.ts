/** The interfaces that the data plane is on: driver, mode, queues, sizes of packets. */
import type { DoctorCheck } from '../../api/protocol/doctor.ts';
import { formatServiceKey, serverKeyText } from '../../core/model/service-key.ts';
import { tunnelOverhead } from '../../core/reconcile/build-service.ts';
import type { DoctorFacts, InterfaceFacts } from './facts.ts';

export function checkInterfaces(facts: DoctorFacts): DoctorCheck[] {
  return [...facts.interfaces.flatMap((each) => attached(each, facts)), ...tunnels(facts)];
}

function attached({ state, driver, queues, otherEnd }: InterfaceFacts, { problems, cpus }: DoctorFacts): DoctorCheck[] {
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
  return [...found, ...checksums(state, otherEnd)];
}

/** XDP forwards a frame with the checksum that stands in it, and what a driver was to make is lost. */
function checksums({ name, attachment }: InterfaceFacts['state'], otherEnd: InterfaceFacts['otherEnd']): DoctorCheck[] {
  if (attachment === undefined || otherEnd === null) return [];
  const finding = { id: 'veth-checksums', subject: name };
  if (otherEnd.name === null) {
    const text =
      'a veth whose other end is in another namespace: if its tx-checksumming is on, what is forwarded from there has wrong checksums';
    return [{ ...finding, state: 'skip', text, next: 'ethtool -K IFACE tx off (in that namespace)' }];
  }
  if (!otherEnd.leavesChecksums) return [];
  const text = `tx-checksumming is on at ${otherEnd.name}, its other end: what is forwarded from there has wrong checksums`;
  return [{ ...finding, state: 'warn', text, next: `ethtool -K ${otherEnd.name} tx off` }];
}

/** A client's largest packet must fit the way to the real server with the tunnel's headers. */
function tunnels({ model, interfaces, resolution }: DoctorFacts): DoctorCheck[] {
  const largest = Math.max(0, ...interfaces.map(({ state }) => state.device?.mtu ?? 0));
  const found: DoctorCheck[] = [];
  for (const { key, servers } of model.services.values()) {
    for (const server of servers) {
      const way = server.method === 'tun' ? resolution(server.key.address) : undefined;
      if (way?.state !== 'resolved') continue;
      const room = way.mtu - tunnelOverhead(server);
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
