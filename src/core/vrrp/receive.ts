/** What a received datagram does to an instance (RFC 5798 6.4.2 and 6.4.3, with keepalived's answers). */
import { compareAddresses } from '../model/address.ts';
import { announceAgainst } from './announce.ts';
import { decodeAdvert, type ReceivedAdvert, type Remark } from './decode.ts';
import type { Expectation } from './expectation.ts';
import type { Datagram } from './ipv4.ts';
import type { Refusal } from './refusal.ts';
import { type Effect, type InstanceState, type InstanceStep, type LogEntry, priorityOf, tellOnce } from './state.ts';
import { advertInterval, masterDown, skew } from './timers.ts';
import { OWNER } from './tracking.ts';
import { toBackup } from './transition.ts';

export function receive(state: InstanceState, datagram: Datagram | null, now: number): InstanceStep {
  if (state.phase !== 'BACKUP' && state.phase !== 'MASTER') return [state, []];
  const decoded = decodeAdvert(datagram, expectation(state, datagram));
  if ('refusal' in decoded) return refuseDatagram(state, datagram, decoded.refusal);
  const { advert, remarks } = decoded;
  const [heard, effects] = remark(withChecksum(withSequence(state, advert), advert), advert, remarks);
  const [next, more] = hear(heard, advert, now);
  return [next, [...effects, ...more]];
}

/** Only who has the key adds to the table. */
function withSequence(state: InstanceState, { source, sequence }: ReceivedAdvert): InstanceState {
  return sequence === 0 ? state : { ...state, sequences: new Map(state.sequences).set(source, sequence) };
}

/** Peers alone: nobody else is sent anything. */
function withChecksum(state: InstanceState, { source, oldChecksum }: ReceivedAdvert): InstanceState {
  const isPeer = state.config.peers?.some(({ address }) => address === source) ?? false;
  if (!isPeer || state.oldChecksums.has(source) === oldChecksum) return state;
  const oldChecksums = new Set(state.oldChecksums);
  if (oldChecksum) oldChecksums.add(source);
  else oldChecksums.delete(source);
  return { ...state, oldChecksums };
}

function expectation({ config, phase, master, sequences }: InstanceState, datagram: Datagram | null): Expectation {
  const source = datagram?.source;
  const known = config.skipKnownSender && phase === 'BACKUP' && master !== null && master.address === source;
  return {
    ...config,
    group: config.multicastGroup,
    otherAddresses: known ? 'ignore' : config.otherAddresses,
    sequence: (source && sequences.get(source)) ?? 0,
  };
}

/** Counted always, logged once for each reason until the master changes. */
function refuseDatagram(state: InstanceState, datagram: Datagram | null, refusal: Refusal): InstanceStep {
  const refusals = new Map(state.refusals).set(refusal.reason, (state.refusals.get(refusal.reason) ?? 0) + 1);
  const source = datagram?.source ?? null;
  return logOnce({ ...state, refusals }, `${refusal.reason} ${source}`, { kind: 'refused', source, refusal });
}

function remark(state: InstanceState, { source }: ReceivedAdvert, remarks: readonly Remark[]): InstanceStep {
  let next = state;
  const effects: Effect[] = [];
  for (const one of remarks) {
    const [after, logs] = logOnce(next, `${one.type} ${source} ${one.theirs}`, { kind: 'remark', source, remark: one });
    next = after;
    effects.push(...logs);
  }
  return [next, effects];
}

function hear(state: InstanceState, advert: ReceivedAdvert, now: number): InstanceStep {
  const { config, phase } = state;
  if (config.priority === OWNER && config.ownerIgnoresAdverts) return [state, []];
  return phase === 'MASTER' ? hearAsMaster(state, advert, now) : [hearAsBackup(state, advert, now), []];
}

function hearAsBackup(state: InstanceState, advert: ReceivedAdvert, now: number): InstanceState {
  const own = priorityOf(state);
  if (advert.priority === 0) return { ...state, gaveUp: advert.source, deadline: now + skew(state, own) };
  const lower = advert.priority < own;
  const { preempt, preemptDelay } = state.config;
  if (!lower || !preempt) return obey({ ...state, preemptAt: null }, advert, now);
  const preemptAt = state.preemptAt ?? now + preemptDelay;
  // A lower priority that is not obeyed leaves the timer alone, and it runs out.
  return now < preemptAt ? obey({ ...state, preemptAt }, advert, now) : { ...state, preemptAt };
}

function obey(
  state: InstanceState,
  { source, priority, interval, version }: ReceivedAdvert,
  now: number,
): InstanceState {
  const told = state.master !== null && state.master.address !== source ? new Set<string>() : state.told;
  const masterInterval = version === 3 ? interval : state.config.interval;
  const next = { ...state, told, masterInterval, master: { address: source, priority }, gaveUp: null, ready: false };
  return { ...next, deadline: now + masterDown(next, priorityOf(next)) };
}

function hearAsMaster(state: InstanceState, advert: ReceivedAdvert, now: number): InstanceStep {
  const own = priorityOf(state);
  const { source, priority } = advert;
  if (priority === 0) return advertiseNow(state, now);
  if (priority === own && source === state.config.source) return logOnce(state, 'own-address', { kind: 'own-address' });
  const wins = priority > own || (priority === own && compareAddresses(source, state.config.source) > 0);
  if (!wins) return meetLower(state, advert, now);
  const learned = advert.version === 3 ? advert.interval : state.config.interval;
  const [next, effects] = toBackup(state, now, { type: 'advert', source, priority });
  return [obey({ ...next, masterInterval: learned }, advert, now), effects];
}

/** Two masters: we win, so the other is told, and so are the clients that it may have answered. */
function meetLower(state: InstanceState, { source, priority }: ReceivedAdvert, now: number): InstanceStep {
  const key = `two-masters ${source}`;
  const [told, log] = logOnce(state, key, { kind: 'two-masters', source, priority });
  const [advertised, advert] = state.config.silentToLower ? [told, []] : advertiseNow(told, now);
  const [next, announcements] = announceAgainst(advertised, now);
  const notify: Effect[] = log.length > 0 ? [{ type: 'notify-lower-priority' }] : [];
  return [next, [...advert, ...announcements, ...log, ...notify]];
}

function advertiseNow(state: InstanceState, now: number): InstanceStep {
  const deadline = now + advertInterval(state);
  return [{ ...state, deadline }, [{ type: 'advertise', priority: priorityOf(state) }]];
}

function logOnce(state: InstanceState, key: string, entry: LogEntry): InstanceStep {
  const next = tellOnce(state, key);
  return next === null ? [state, []] : [next, [{ type: 'log', entry }]];
}
