/**
 * Tells what happens to instances and groups: to pipes at once, to programs one at a time for each
 * instance or group, by mail one after the other. Nothing that is told ever waits for who hears it.
 */
import { hostname } from 'node:os';
import type { ConfigModel } from '../../core/config/model/build-model.ts';
import type { Notifies } from '../../core/config/model/notifies.ts';
import type { ProgramRules } from '../../core/config/model/programs.ts';
import type { Log } from '../log.ts';
import { identityOf, runConfigured } from '../programs/programs.ts';
import type { Run } from '../programs/run-program.ts';
import type { Notice } from '../vrrp/protocol.ts';
import { Lane } from './lane.ts';
import { Mailer } from './mailer.ts';
import { Pipes } from './pipes.ts';
import { type Call, callsOf, letterOf, lineOf } from './words.ts';

export interface NotifierOptions {
  readonly log: Pick<Log, 'warn' | 'debug' | 'isLevelEnabled'>;
  /** Milliseconds that a program has left once another of its instance waits; 30000 where left out. */
  readonly patience?: number;
  /** Milliseconds that programs and mails have when it ends; 3000 where left out. */
  readonly lastWait?: number;
}

export type Notified = Pick<ConfigModel, 'instances' | 'groups' | 'fifos' | 'mail' | 'programs'>;

interface Teller {
  readonly notifies: Notifies;
  readonly smtpAlert: boolean;
}

type StateNotice = Extract<Notice, { type: 'state' }>;

const PATIENCE = 30_000;
const LAST_WAIT = 3000;

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #hostName = hostname();
  readonly #pipes: Pipes;
  readonly #mailer: Mailer;
  readonly #lanes = new Map<string, Lane>();
  /** The last state of each, and the last that a mail told of. */
  readonly #states = new Map<string, StateNotice>();
  readonly #mailed = new Map<string, StateNotice['state']>();
  #configured: Notified | null = null;
  #rules: ProgramRules = { user: null, security: false, supplementaryGroups: false };
  #tellers: ReadonlyMap<string, Teller> = new Map();
  /** Of the configuration before: what was deleted is told by it. */
  #formerTellers: ReadonlyMap<string, Teller> = new Map();

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#pipes = new Pipes({
      log: options.log,
      run: (call) => this.#run(call),
      identityOf: (user) => identityOf(user, this.#rules),
    });
    this.#mailer = new Mailer({ ...options, hostName: this.#hostName });
  }

  /** Programs that run or wait, and mails that wait, are not lost by a reload. */
  configure(configured: Notified): void {
    const isReload = this.#configured !== null;
    this.#configured = configured;
    this.#rules = configured.programs;
    this.#formerTellers = this.#tellers;
    this.#tellers = tellersOf(configured);
    this.#pipes.configure(configured.fifos);
    this.#mailer.configure(configured.mail);
    if (isReload && configured.fifos.statesOnReload) this.#repeatStates();
  }

  tell(notice: Notice): void {
    const key = keyOf(notice);
    const teller = this.#tellers.get(key) ?? this.#formerTellers.get(key);
    if (teller === undefined) {
      this.#options.log.warn({}, `${key} is not configured, so nobody hears of it`);
      return;
    }
    const line = lineOf(notice, teller.notifies);
    if (line !== null) this.#pipes.write('vrrp', line);
    for (const call of callsOf(notice, teller.notifies)) this.#laneOf(key).add(call);
    if (notice.type !== 'state') return;
    if (teller.smtpAlert) this.#mail(key, notice);
    if (notice.state === 'DELETED') this.#forget(key);
    else this.#states.set(key, notice);
  }

  /** A line about a virtual or real server, with its end. */
  tellServer(line: string): void {
    this.#pipes.write('lvs', line);
  }

  /** Waits a little for what runs and waits, ends the rest, and closes the pipes. */
  async close(): Promise<void> {
    const lanes = [...this.#lanes.values()];
    const all = Promise.all([...lanes.map((lane) => lane.idle), this.#mailer.idle]);
    const timer = setTimeout(() => {
      for (const lane of lanes) lane.end();
      this.#mailer.end();
    }, this.#options.lastWait ?? LAST_WAIT);
    await all;
    clearTimeout(timer);
    await this.#pipes.close();
  }

  #run({ argv, as }: Call): Run {
    const { log } = this.#options;
    const onLine = log.isLevelEnabled('debug') ? (line: string) => log.debug({}, `${argv[0]}: ${line}`) : null;
    return runConfigured({ argv, as, rules: this.#rules, onLine });
  }

  #laneOf(key: string): Lane {
    const { log, patience = PATIENCE } = this.#options;
    const lane = this.#lanes.get(key) ?? new Lane({ title: key, run: (call) => this.#run(call), log, patience });
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Not twice in a row about the same state, as keepalived. */
  #mail(key: string, notice: StateNotice): void {
    const mail = this.#configured?.mail ?? null;
    if (mail === null || (notice.state === 'FAULT' && !mail.faults) || this.#mailed.get(key) === notice.state) return;
    const letter = letterOf(notice, mail.routerId ?? this.#hostName);
    if (letter === null) return;
    this.#mailed.set(key, notice.state);
    this.#mailer.send(letter);
  }

  /** Its lane stays: it may be at work, and one of the same name that comes back has to wait for it. */
  #forget(key: string): void {
    this.#states.delete(key);
    this.#mailed.delete(key);
  }

  #repeatStates(): void {
    for (const [key, notice] of this.#states) {
      const notifies = this.#tellers.get(key)?.notifies;
      const line = notifies === undefined ? null : lineOf(notice, notifies);
      if (line !== null) this.#pipes.write('vrrp', line);
    }
  }
}

function keyOf(notice: Notice): string {
  return `${notice.type === 'state' ? notice.kind : 'INSTANCE'} ${notice.name}`;
}

function tellersOf({ instances, groups }: Notified): Map<string, Teller> {
  return new Map<string, Teller>([
    ...instances.map((instance): [string, Teller] => [`INSTANCE ${instance.name}`, instance]),
    ...groups.map((group): [string, Teller] => [`GROUP ${group.name}`, group]),
  ]);
}
