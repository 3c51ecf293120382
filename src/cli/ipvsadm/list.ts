/** -L and -S. */
import { once } from 'node:events';
import { Writable } from 'node:stream';
import type { SyncDaemonReport } from '../../api/protocol/status.ts';
import { serviceKey } from './command.ts';
import { Exit } from './exit.ts';
import { connectionLine, connectionTitle } from './format/connections.ts';
import { nameServices } from './format/named.ts';
import { rulesText } from './format/rules.ts';
import { type Columns, tableText, versionLine } from './format/table.ts';
import type { CheckedOption } from './options.ts';
import type { Session } from './session.ts';
import type { Words } from './words.ts';

export async function list(words: Words, session: Session): Promise<void> {
  const { options } = words;
  if (options.has('connection')) await listConnections(options, session);
  else if (options.has('service-address')) await listService(words, session);
  else if (options.has('timeout')) await listTimeouts(session);
  else if (options.has('daemon')) await listDaemons(session);
  else await listAll(options, session);
}

export async function save({ options }: Words, session: Session): Promise<void> {
  const services = await session.backend.services();
  session.stdout.write(rulesText(await nameServices(services, nameOptions(options, session))));
}

async function listAll(options: ReadonlySet<CheckedOption>, session: Session): Promise<void> {
  const [size, services] = await Promise.all([session.backend.tableSize(), session.backend.services()]);
  const named = await nameServices(services, nameOptions(options, session));
  session.stdout.write(versionLine(size) + tableText(named, tableOptions(options)));
}

/** Without the line of the version, as ipvsadm has it. */
async function listService({ service, options }: Words, session: Session): Promise<void> {
  const services = await session.backend.services(serviceKey(service));
  if (services.length === 0) throw new Exit(1, { stderr: 'No such service\n' });
  const named = await nameServices(services, nameOptions(options, session));
  session.stdout.write(tableText(named, tableOptions(options)));
}

async function listTimeouts({ backend, stdout }: Session): Promise<void> {
  const { tcp, tcpFin, udp } = await backend.timeouts();
  stdout.write(`Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}\n`);
}

/** Of none ipvsadm says nothing. */
async function listDaemons({ backend, stdout }: Session): Promise<void> {
  const daemons = await backend.syncDaemons();
  for (const state of ['master', 'backup'] as const) {
    const daemon = daemons[state];
    if (daemon !== null) stdout.write(`${state} sync daemon (${daemonText(daemon)})\n`);
  }
}

function daemonText(daemon: SyncDaemonReport): string {
  const { interface: name, sync_id, max_length, group, port, ttl } = daemon;
  return `mcast=${name}, syncid=${sync_id}, maxlen=${max_length}, group=${group}, port=${port}, ttl=${ttl}`;
}

async function listConnections(options: ReadonlySet<CheckedOption>, session: Session): Promise<void> {
  const { names } = nameOptions(options, session);
  session.stdout.write(connectionTitle(options.has('persistent-conn')));
  const batches = session.backend.connections();
  let batch = await batches.next();
  for (; !batch.done; batch = await batches.next()) {
    const lines = await Promise.all(batch.value.map((connection) => connectionLine(connection, names)));
    await writeAll(session, lines.join(''));
  }
  if (batch.value) session.stderr.write('The list is not complete: the table changed hands while it was read\n');
}

/** Waits until a pipe has room again: a million connections must not pile up here. */
async function writeAll({ stdout, signal }: Session, text: string): Promise<void> {
  if (!stdout.write(text) && stdout instanceof Writable) await once(stdout, 'drain', { signal });
}

function nameOptions(options: ReadonlySet<CheckedOption>, { names }: Session) {
  return { names: options.has('numeric') ? undefined : names, sorted: !options.has('nosort') };
}

/** Where several are asked for, the first of these wins. */
const COLUMN_OPTIONS = ['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const;

function tableOptions(options: ReadonlySet<CheckedOption>): { columns: Columns; exact: boolean } {
  return {
    columns: COLUMN_OPTIONS.find((option) => options.has(option)) ?? 'plain',
    exact: options.has('exact'),
  };
}
