/** What happens to a pair of directors, and when the other one is to take over. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mutex } from '../../../src/daemon/mutex.ts';
import { Capture, type SeenAdvert } from './capture.ts';
import { configFor, masterDown, PRIORITY, SOURCE, skew, type Variant, VIP, VRID } from './config.ts';
import { Director, type Kind } from './director.ts';
import { Lan } from './lan.ts';
import { until } from './until.ts';

export type Action =
  | 'SIGTERM'
  | 'kill -9'
  | 'link down'
  | 'carrier loss'
  | 'silent cut'
  | 'failing script'
  /** To a priority below the other one's. */
  | 'reload'
  /** The master ends in order, and comes back. */
  | 'preemption';

/** The MASTER stands on side a, the BACKUP on b. */
export interface Pair extends AsyncDisposable {
  readonly variant: Variant;
  readonly lan: Lan;
  readonly master: Director;
  readonly backup: Director;
  readonly capture: Capture;
  /** While it is there, the master's tracked script fails. */
  readonly fails: string;
}

/** Starting takes a CPU: one pair at a time, so that the other CPU is free for those that are measured. */
const starting = new Mutex();

export async function startPair(variant: Variant, master: Kind, backup: Kind): Promise<Pair> {
  const root = mkdtempSync(join(tmpdir(), 'xlb-interop-'));
  const fails = join(root, 'fails');
  const lan = new Lan();
  const capture = await Capture.start(lan);
  const pair = {
    ...{ variant, lan, capture, fails },
    master: new Director(master, lan, 'a', root),
    backup: new Director(backup, lan, 'b', root),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([pair.master.kill(), pair.backup.kill()]);
      await capture.stop();
      lan[Symbol.dispose]();
      rmSync(root, { recursive: true });
    },
  };
  try {
    await starting.run(async () => {
      await pair.master.start(configFor(variant, 'a', PRIORITY.master, fails));
      await pair.backup.start(configFor(variant, 'b', PRIORITY.backup));
    });
    await until(
      () => 'side a holds the VIP',
      () => lan.holds('a', VIP[variant.family]),
    );
    return pair;
  } catch (error) {
    await pair[Symbol.asyncDispose]();
    throw error;
  }
}

/** Side a is back after its end, and MASTER again. */
export async function restartMaster(pair: Pair): Promise<void> {
  const since = Date.now();
  await pair.master.start(configFor(pair.variant, 'a', PRIORITY.master, pair.fails));
  await firstAdvert(pair, 'a', ({ at, priority }) => at > since && priority === PRIORITY.master);
  await until(
    () => 'side b yields',
    () => !holders(pair)[1],
  );
}

export function holders({ lan, variant }: Pair): [a: boolean, b: boolean] {
  const vip = VIP[variant.family];
  return [lan.holds('a', vip), lan.holds('b', vip)];
}

export interface Takeover {
  /** Milliseconds, from what the formula counts from to the new master's first advertisement. */
  readonly measured: number;
  readonly expected: number;
  /** When the new master began, in milliseconds since 1970. */
  readonly at: number;
}

/** Carries out the action and waits for the other side. */
export async function takeOver(pair: Pair, action: Action): Promise<Takeover> {
  const since = Date.now();
  await ACTIONS[action](pair);
  const first = await firstAdvert(pair, 'b', ({ at, priority }) => at > since && priority === PRIORITY.backup);
  // A master whose script fails goes on with a lower priority, which is not obeyed any more.
  const obeyed = advertsOf(pair, 'a').filter(
    ({ at, priority }) => at < first.at && [0, PRIORITY.master].includes(priority),
  );
  const last = obeyed.at(-1)!;
  const wait = last.priority === 0 ? skew : masterDown;
  return { measured: first.at - last.at, expected: wait(pair.variant, PRIORITY.backup), at: first.at };
}

const ACTIONS: Record<Action, (pair: Pair) => Promise<void> | void> = {
  SIGTERM: ({ master }) => master.stop(),
  'kill -9': ({ master }) => master.kill(),
  'link down': ({ lan }) => lan.linkDown('a'),
  'carrier loss': ({ lan }) => lan.unplug('a'),
  'silent cut': ({ lan }) => lan.cut('a'),
  'failing script': ({ fails }) => writeFileSync(fails, ''),
  reload({ master, variant, fails }) {
    master.write(configFor(variant, 'a', PRIORITY.reloaded, fails));
    master.reload();
  },
  preemption: ({ master }) => master.stop(),
};

export function advertsOf({ capture, variant }: Pair, side: 'a' | 'b'): SeenAdvert[] {
  const multicast = SOURCE[variant.family][side];
  const own =
    variant.name.includes('unicast') && variant.family === 6 ? `fd00:10::1${side === 'a' ? 1 : 2}` : multicast;
  return capture.adverts().filter(({ source, vrid }) => source === own && vrid === VRID);
}

export async function firstAdvert(
  pair: Pair,
  side: 'a' | 'b',
  isIt: (advert: SeenAdvert) => boolean = () => true,
): Promise<SeenAdvert> {
  return await until(
    () => `side ${side} advertises`,
    () => advertsOf(pair, side).find(isIt),
  );
}
