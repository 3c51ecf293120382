/**
 * Scenarios: what happens to the instances of one director on a virtual clock, and what they do.
 * test/scenarios/*.txt hold one statement a line, and below each, indented, all effects up to and
 * including its moment. Seconds everywhere.
 *
 *   instance NAME KEY=VALUE...      priority, interval, preempt ... as in `OPTIONS`; track=interface:eth0:-30
 *   script NAME KEY=VALUE...        interval, timeout, rise, fall, startsFailed: tracked by script:NAME
 *   at TIME                         the clock runs until then
 *   at TIME late                    the clock jumps there: what was due in between is done then
 *   at TIME start | stop | delete [NAME]
 *   at TIME advert NAME from ADDRESS priority N [KEY=VALUE...]   how the sender differs: interval, addresses, ttl, checksum=old
 *   at TIME track KIND:NAME STATUS  up, down, or a file's number
 *   delay LINK down=TIME up=TIME    interface_up_down_delays of a link: interface:LINK follows it
 *   at TIME link LINK up|down       what the kernel says of it
 *   at TIME exit SCRIPT ok|fail     a run ends
 *   at TIME configure NAME KEY=VALUE...
 *   at TIME lost NAME ADDRESS
 *   show NAME                       state, priority, next deadline
 *   history NAME                    the kept transitions
 */
import { parseAddress } from '../../src/core/model/address.ts';
import type { Address } from '../../src/core/model/model.ts';
import { authenticationBytes } from '../../src/core/vrrp/advert.ts';
import { DEFAULTS, type InstanceConfig, strict } from '../../src/core/vrrp/config.ts';
import {
  type LinkDelay,
  type LinkStates,
  linksDeadline,
  longestLinkDelay,
  seeLink,
  settleLinks,
} from '../../src/core/vrrp/link-delays.ts';
import { type Router, type RouterEffect, routerDeadline, stepRouter } from '../../src/core/vrrp/router.ts';
import {
  createScript,
  type ScriptConfig,
  type ScriptState,
  scriptDeadline,
  stepScript,
} from '../../src/core/vrrp/script.ts';
import { createInstance, type InstanceEvent, nextDeadline, priorityOf } from '../../src/core/vrrp/state.ts';
import type { Tracker, TrackerKind, TrackStatus } from '../../src/core/vrrp/tracking.ts';
import { sentBy } from './advert-bytes.ts';
import { causeText, effectText, seconds } from './scenario-text.ts';

/** The text with what is really produced in place of the indented lines. */
export function runScenario(text: string): string {
  const scenario = new Scenario();
  const lines = text.split('\n').filter((line) => !line.startsWith('  '));
  return lines.flatMap((line) => [line, ...scenario.execute(line).map((output) => `  ${output}`)]).join('\n');
}

class Scenario {
  #router: Router = { instances: new Map() };
  readonly #scripts = new Map<string, ScriptState>();
  readonly #delays = new Map<string, LinkDelay>();
  #links: LinkStates = new Map();
  #now = 0;
  #output: string[] = [];

  execute(line: string): string[] {
    this.#output = [];
    const [word = '', ...rest] = line.trim().split(/\s+/);
    if (word === 'instance') this.#addInstance(rest);
    else if (word === 'script') this.#addScript(rest);
    else if (word === 'delay') this.#delays.set(rest[0]!, delayOf(rest.slice(1)));
    else if (word === 'at') this.#at(rest);
    else if (word === 'show') this.#show(rest[0]!);
    else if (word === 'history') this.#history(rest[0]!);
    else if (word !== '' && !word.startsWith('#')) throw new Error(`no statement: ${line}`);
    return this.#output;
  }

  #addInstance([name = '', ...options]: string[]): void {
    const config = configOf(name, options);
    this.#router = { instances: new Map(this.#router.instances).set(name, createInstance(config)) };
  }

  #addScript([name = '', ...options]: string[]): void {
    const config: ScriptConfig = { name, interval: 1000, timeout: 0, rise: 1, fall: 1, startsFailed: false };
    const given = Object.fromEntries(options.map((option) => scriptOption(option.split('='))));
    this.#scripts.set(name, createScript({ ...config, ...given }, this.#now));
  }

  #at([time = '', verb, ...rest]: string[]): void {
    if (verb === 'late') this.#now = Number(time) * 1000;
    this.#runUntil(Number(time) * 1000);
    if (verb === 'start') this.#step({ type: verb }, rest[0]);
    else if (verb === 'stop' || verb === 'delete') this.#step({ type: 'stop', deleted: verb === 'delete' }, rest[0]);
    else if (verb === 'advert') this.#advert(rest);
    else if (verb === 'track') this.#track(rest[0]!.replace(':', ' '), rest[1]!);
    else if (verb === 'link') this.#link(rest[0]!, rest[1] === 'up');
    else if (verb === 'exit') this.#exit(rest[0]!, rest[1] === 'ok');
    else if (verb === 'configure') this.#configure(rest);
    else if (verb === 'lost') this.#step({ type: 'address-lost', address: ip(rest[1]!) }, rest[0]);
    else if (verb !== undefined && verb !== 'late') throw new Error(`no verb: ${verb}`);
  }

  /** What is due at `end` itself happens before what the statement says. */
  #runUntil(end: number): void {
    for (;;) {
      const scripts = [...this.#scripts.values()].map(scriptDeadline);
      const deadlines = [routerDeadline(this.#router), linksDeadline(this.#links), ...scripts];
      const next = Math.min(...deadlines.map((at) => at ?? Number.POSITIVE_INFINITY));
      if (next > end) break;
      this.#now = Math.max(next, this.#now);
      for (const [name, script] of this.#scripts)
        if (scriptDeadline(script) <= this.#now) this.#stepScript(name, { type: 'tick' });
      if ((routerDeadline(this.#router) ?? Number.POSITIVE_INFINITY) <= this.#now) this.#step({ type: 'tick' });
      this.#seen(settleLinks(this.#links, this.#now));
    }
    this.#now = end;
  }

  #link(name: string, up: boolean): void {
    const said = this.#delays.get(name) ?? { down: 0, up: 0 };
    const limit = Math.min(...[...this.#router.instances.values()].map(longestLinkDelay));
    const delay = { down: Math.min(said.down, limit), up: Math.min(said.up, limit) };
    this.#seen(seeLink(this.#links, name, up, delay, this.#now));
  }

  #seen(links: LinkStates): void {
    const before = this.#links;
    this.#links = links;
    for (const [name, { up }] of links) {
      if (before.get(name)?.up === up) continue;
      this.#output.push(`${seconds(this.#now)} link ${name} ${up ? 'up' : 'down'}`);
      this.#track(`interface ${name}`, up ? 'up' : 'down');
    }
  }

  #step(event: InstanceEvent, instance?: string): void {
    const target = instance === undefined ? { event } : { instance, event };
    const [router, effects] = stepRouter(this.#router, target, this.#now);
    this.#router = router;
    for (const effect of effects) this.#print(effect);
  }

  #print(effect: RouterEffect): void {
    const text =
      'group' in effect ? `group ${effect.group} ${effect.state}` : `${effect.instance} ${effectText(effect.effect)}`;
    this.#output.push(`${seconds(this.#now)} ${text}`);
  }

  #advert([name = '', , source = '', , priority = '', ...options]: string[]): void {
    const { config } = this.#router.instances.get(name)!;
    const {
      ttl = '255',
      checksum,
      ...others
    } = Object.fromEntries(options.map((option) => option.split('='))) as Record<string, string>;
    const sender = { ...config, ...optionsOf(Object.entries(others).map(([key, value]) => `${key}=${value}`)) };
    const datagram = sentBy(sender, {
      source: ip(source),
      priority: Number(priority),
      ttl: Number(ttl),
      old: checksum === 'old',
    });
    this.#step({ type: 'datagram', datagram }, name);
  }

  #track(key: string, status: string): void {
    const number = Number(status);
    this.#step({ type: 'track', key, status: Number.isNaN(number) ? (status as TrackStatus) : number });
  }

  #exit(name: string, ok: boolean): void {
    this.#stepScript(name, { type: 'exit', ok });
  }

  #stepScript(name: string, event: Parameters<typeof stepScript>[1]): void {
    const [next, effects] = stepScript(this.#scripts.get(name)!, event, this.#now);
    this.#scripts.set(name, next);
    for (const effect of effects) {
      const detail = effect.type === 'status' ? effect.status : effect.type === 'signal' ? effect.signal : 'runs';
      this.#output.push(`${seconds(this.#now)} script ${name} ${detail}`);
      if (effect.type === 'status') this.#track(`script ${name}`, effect.status);
    }
  }

  #configure([name = '', ...options]: string[]): void {
    const { config } = this.#router.instances.get(name)!;
    this.#step({ type: 'configure', config: { ...config, ...optionsOf(options) } }, name);
  }

  #show(name: string): void {
    const state = this.#router.instances.get(name)!;
    const deadline = nextDeadline(state);
    const refused = [...state.refusals].map(([reason, count]) => `, refused ${reason} ${count}`).join('');
    const due = deadline === null ? 'nothing due' : `due ${seconds(deadline)}`;
    const old = [...state.oldChecksums].map((peer) => `, old checksums to ${peer}`).join('');
    this.#output.push(`${state.phase} priority ${priorityOf(state)}, ${due}${refused}${old}`);
  }

  #history(name: string): void {
    for (const { at, from, to, priority, cause } of this.#router.instances.get(name)!.transitions)
      this.#output.push(`${seconds(at)} ${from} -> ${to} priority ${priority}: ${causeText(cause)}`);
  }
}

const ip = (text: string): Address => parseAddress(text)!;
const ms = (value: string) => Number(value) * 1000;
const yes = (value: string) => value === 'yes';

/** What `instance` and `configure` understand. `interval`: seconds, as in the file. */
const OPTIONS: Record<string, (value: string) => Partial<InstanceConfig>> = {
  version: (value) => ({ version: value === '3' ? 3 : 2 }),
  vrid: (value) => ({ vrid: Number(value) }),
  priority: (value) => ({ priority: Number(value) }),
  interval: (value) => ({ interval: Math.round(Number(value) * 100) }),
  missedAdverts: (value) => ({ missedAdverts: Number(value) }),
  source: (value) => ({ source: ip(value) }),
  addresses: (value) => ({ addresses: value.split(',').filter(Boolean).map(ip) }),
  password: (value) => ({
    authentication: { type: 'pass', password: authenticationBytes(new TextEncoder().encode(value)) },
  }),
  otherAddresses: (value) => ({ otherAddresses: value === 'refuse' ? 'refuse' : 'remark' }),
  peers: (value) => ({ peers: value.split(',').map((address) => ({ address: ip(address) })) }),
  oldChecksum: (value) => ({ oldChecksum: value as InstanceConfig['oldChecksum'] }),
  skipKnownSender: (value) => ({ skipKnownSender: yes(value) }),
  initial: (value) => ({ initial: value === 'MASTER' ? 'MASTER' : 'BACKUP' }),
  preempt: (value) => ({ preempt: yes(value) }),
  preemptDelay: (value) => ({ preemptDelay: ms(value) }),
  startupDelay: (value) => ({ startupDelay: ms(value) }),
  ownerIgnoresAdverts: (value) => ({ ownerIgnoresAdverts: yes(value) }),
  silentToLower: (value) => ({ silentToLower: yes(value) }),
  advertBeforeYielding: (value) => ({ advertBeforeYielding: yes(value) }),
  refresh: (value) => ({ announcements: { ...DEFAULTS.announcements, refresh: ms(value) } }),
  garp: (value) => ({
    announcements: { ...DEFAULTS.announcements, repeat: Number(value.split(',')[0]), delay: ms(value.split(',')[1]!) },
  }),
  lowerPriorityRepeat: (value) => ({
    announcements: { ...DEFAULTS.announcements, lowerPriorityRepeat: Number(value) },
  }),
  track: (value) => ({ trackers: value === '' ? [] : value.split(',').map(trackerOf) }),
  group: (value) => ({ syncGroup: value }),
};

/** `down=1 up=2` */
function delayOf(options: readonly string[]): LinkDelay {
  const given = Object.fromEntries(options.map((option) => option.split('=')));
  return { down: ms(given['down'] ?? '0'), up: ms(given['up'] ?? '0') };
}

function optionsOf(options: readonly string[]): Partial<InstanceConfig> {
  return Object.assign(
    {},
    ...options.map((option) => {
      const [key = '', value = ''] = option.split('=');
      const read = OPTIONS[key];
      if (read === undefined) throw new Error(`no option: ${option}`);
      return read(value);
    }),
  );
}

export function configOf(name: string, options: readonly string[]): InstanceConfig {
  const given = optionsOf(options.filter((option) => option !== 'strict'));
  const source = given.source ?? ip('192.168.10.11');
  const ipv6 = source.includes(':');
  const config: InstanceConfig = {
    ...DEFAULTS,
    ...{ name, vrid: 51, source, addresses: [ip(ipv6 ? 'fe80::188' : '192.168.10.188')] },
    multicastGroup: ip(ipv6 ? 'ff02::12' : '224.0.0.18'),
    ...given,
  };
  return options.includes('strict') ? strict(config) : config;
}

/** KIND:NAME[:WEIGHT[:reverse]] */
function trackerOf(text: string): Tracker {
  const [kind, name = '', weight = '0', reverse] = text.split(':');
  return { kind: kind as TrackerKind, name, weight: Number(weight), reverse: reverse === 'reverse' };
}

function scriptOption([key = '', value = '']: string[]): [string, number | boolean] {
  if (key === 'startsFailed') return [key, yes(value)];
  return [key, key === 'rise' || key === 'fall' ? Number(value) : ms(value)];
}
