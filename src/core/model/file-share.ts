/**
 * The part of the model that a configuration file names, and what another file
 * makes of it.
 *
 * An object belongs to the file that names it, and else to the command that made
 * it. What a file said when it was last read is kept, so that a new one changes
 * only what it says in another way: an edit by a command stays as long as the
 * file says the same of the object, as under keepalived.
 */
import { applyCommands, emptyModel } from './apply-command.ts';
import type { Command, CommandError, LocalAddressSpec, ServerSpec, ServiceSpec } from './command.ts';
import { type Extent, localAddressesAfter } from './file-local-addresses.ts';
import { type LocalAddresses, localsByName } from './local-addresses.ts';
import { conflictOf, type MarkRuleSpec } from './mark-rule.ts';
import { NO_MARKS } from './marks.ts';
import type { MarkRule, Model, RealServer, Timeouts, VirtualService } from './model.ts';
import { sameServer, sameService } from './same.ts';
import { serverKeyText } from './service-key.ts';

export interface FileShare {
  /** By `serviceKeyText`, as in the model; in the order of the file. */
  readonly services: ReadonlyMap<string, VirtualService>;
  /** By `markSelectorText`. */
  readonly marks: Model['marks'];
  /** By `localAddressText`. */
  readonly localAddresses: LocalAddresses;
  /** Those that the file says. */
  readonly timeouts: Partial<Timeouts>;
  /** It says when the daemons of synchronization run: they are its own, whichever of them VRRP has running. */
  readonly syncs: boolean;
}

/** In the words of the command `replace`: real servers in the order of the file. */
export type FileServices = Extract<Command, { type: 'replace' }>['services'];

export const NO_SHARE: FileShare = {
  ...{ services: new Map(), marks: NO_MARKS, localAddresses: new Map(), timeouts: {}, syncs: false },
};

/** What a file names, in the words of commands; what is left out it does not name. */
export interface FileWords {
  readonly services?: FileServices;
  readonly marks?: readonly MarkRuleSpec[];
  readonly localAddresses?: readonly LocalAddressSpec[];
  readonly timeouts?: Partial<Timeouts>;
  readonly syncs?: boolean;
}

/** Checked as a command is. */
export function shareOf(words: FileWords): { readonly share: FileShare } | { readonly error: CommandError } {
  const { services = [], marks = [], localAddresses = [], timeouts = {}, syncs = false } = words;
  const applied = applyCommands(emptyModel, [
    { type: 'replace', services },
    { type: 'mark.set', rules: marks },
    { type: 'local.set', addresses: localAddresses },
    { type: 'timeouts.set', timeouts },
  ]);
  return 'error' in applied ? applied : { share: shareOfModel(applied.model, timeouts, syncs) };
}

export function shareOfModel(model: Model, timeouts: Partial<Timeouts>, syncs: boolean): FileShare {
  const { services, marks, localAddresses } = model;
  return { services, marks, localAddresses: localsByName(localAddresses), timeouts, syncs };
}

/** `before`: what the file said until now. A service that the file drops goes with all its real servers. */
export function applyFile(model: Model, before: FileShare, after: FileShare, extent: Extent): Model {
  const commands = [
    ...timeoutCommands(before, after, extent),
    ...syncCommands(before, after),
    ...markCommands(model, before, after, extent),
    ...(extent === 'alone' ? [replaceCommand(after)] : serviceCommands(model, before, after, extent)),
  ];
  const served = apply(model, commands);
  const said = { before: before.localAddresses, after: after.localAddresses, extent };
  const addresses = localAddressesAfter(model, served, said);
  return addresses === served.localAddresses ? served : apply(served, [{ type: 'local.set', addresses }]);
}

function apply(model: Model, commands: readonly Command[]): Model {
  const applied = applyCommands(model, commands);
  // Both sides have been checked, so a refusal is a fault of ours.
  if ('error' in applied) throw new Error(`a file's share is refused: ${applied.error.path}: ${applied.error.message}`);
  return applied.model;
}

function timeoutCommands(before: FileShare, after: FileShare, extent: Extent): Command[] {
  const names = (['tcp', 'tcpFin', 'udp'] as const).filter((name) => {
    const wanted = after.timeouts[name];
    return wanted !== undefined && (extent !== 'changed' || wanted !== before.timeouts[name]);
  });
  const timeouts = Object.fromEntries(names.map((name) => [name, after.timeouts[name]]));
  return names.length === 0 ? [] : [{ type: 'timeouts.set', timeouts }];
}

/** A file that says no more of them leaves none of its own behind. */
function syncCommands(before: FileShare, after: FileShare): Command[] {
  return before.syncs && !after.syncs ? [{ type: 'sync.set', daemons: { master: null, backup: null } }] : [];
}

/** A rule of a command's that cannot stand beside the file's goes: the file's is the one that is written down. */
function markCommands(model: Model, before: FileShare, after: FileShare, extent: Extent): Command[] {
  const isNews = ([name, { mark }]: [string, MarkRule]) =>
    extent !== 'changed' || before.marks.get(name)?.mark !== mark;
  const wanted = new Map([...after.marks].filter(isNews));
  const goes = (name: string) =>
    extent === 'alone' ? !after.marks.has(name) : before.marks.has(name) && !after.marks.has(name);
  const meets = (rule: MarkRule) => [...wanted.values()].some((other) => conflictOf(rule, other) !== null);
  const kept = [...model.marks].filter(([name, rule]) => !goes(name) && !wanted.has(name) && !meets(rule));
  const rules = [...kept.map(([, rule]) => rule), ...wanted.values()];
  return wanted.size === 0 && rules.length === model.marks.size ? [] : [{ type: 'mark.set', rules }];
}

function replaceCommand({ services }: FileShare): Command {
  const list = [...services.values()].map((service) => ({
    ...serviceSpec(service),
    servers: inFileOrder(service).map(serverSpec),
  }));
  return { type: 'replace', services: list };
}

function serviceCommands(model: Model, before: FileShare, after: FileShare, extent: Extent): Command[] {
  const gone = [...before.services].filter(([name]) => !after.services.has(name) && model.services.has(name));
  const wanted = [...after.services].flatMap(([name, service]) =>
    bringTo(service, model.services.get(name), before.services.get(name), extent === 'named'),
  );
  return [...gone.map(([, { key }]): Command => ({ type: 'service.delete', service: key })), ...wanted];
}

/** `is`: what runs; `was`: what the file said; `all`: also of what it says as before. */
function bringTo(
  wanted: VirtualService,
  is: VirtualService | undefined,
  was: VirtualService | undefined,
  all: boolean,
): Command[] {
  const isNews = all || was === undefined || !sameService(was, wanted);
  // What commands have deleted comes back with the next word that the file has of it.
  if (!isNews) return [];
  if (is === undefined) return [{ type: 'service.add', service: serviceSpec(wanted) }, ...serverAdds(wanted)];
  const bare = { ...wanted, servers: [] };
  const isNewService = all || was === undefined || !sameService({ ...was, servers: [] }, bare);
  const edit: Command[] = isNewService ? [{ type: 'service.edit', service: serviceSpec(wanted) }] : [];
  return [...edit, ...serverCommands(wanted, is, was, all)];
}

function serverAdds(service: VirtualService): Command[] {
  return inFileOrder(service).map((server) => ({
    type: 'server.add',
    service: service.key,
    server: serverSpec(server),
  }));
}

function serverCommands(
  wanted: VirtualService,
  is: VirtualService,
  was: VirtualService | undefined,
  all: boolean,
): Command[] {
  const [named, running, said] = [byName(wanted), byName(is), byName(was)];
  const gone = [...said].filter(([name]) => !named.has(name) && running.has(name));
  const commands = gone.map(([, { key }]): Command => ({ type: 'server.delete', service: is.key, server: key }));
  for (const server of inFileOrder(wanted)) {
    const name = serverKeyText(server.key);
    const [before, now] = [said.get(name), running.get(name)];
    if (!all && before !== undefined && sameServer(before, server)) continue;
    // An edit starts the pass of wrr anew, so there is none where nothing differs.
    if (now !== undefined && sameServer(asConfigured(now), server)) continue;
    commands.push({
      type: now === undefined ? 'server.add' : 'server.edit',
      service: is.key,
      server: serverSpec(server),
    });
  }
  return commands;
}

/** Lists stand newest first, and what a file names last is the newest. */
function inFileOrder({ servers }: VirtualService): readonly RealServer[] {
  return servers.toReversed();
}

function byName(service: VirtualService | undefined): ReadonlyMap<string, RealServer> {
  return new Map(service?.servers.map((server) => [serverKeyText(server.key), server]));
}

/** Without what operation adds to it. */
function asConfigured({ lastWeight: _, ...server }: RealServer): RealServer {
  return { ...server, admin: null };
}

function serviceSpec({ key, servers: _, ...values }: VirtualService): ServiceSpec {
  return { ...key, ...values, limits: values.limits ?? null };
}

function serverSpec({ key, admin: _admin, lastWeight: _weight, ...values }: RealServer): ServerSpec {
  return { ...key, ...values };
}
