import { NetioError } from 'netio';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseAddress } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { type Announcement, Announcer, type AnnouncerWorld } from './announce.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 7);
const NOTHING: Announcement = {
  device: 'eth0',
  mac: MAC,
  addresses: [],
  repeat: 1,
  arpGap: 0,
  neighbourGap: 0,
  router: false,
};
const addresses = (...texts: string[]): Address[] => texts.map((text) => parseAddress(text)!);

/** A clock that stands until it is turned, and interfaces that write down what leaves them. */
class World implements AnnouncerWorld {
  time = 0;
  /** `TIME DEVICE ADDRESS`, the address's last byte alone. */
  readonly log: string[] = [];
  readonly errors: string[] = [];
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  /** What the next frames meet. */
  readonly failures: string[] = [];
  #timers: { at: number; callback: () => void }[] = [];

  now = (): number => this.time;

  after = (delay: number, callback: () => void) => {
    const timer = { at: this.time + delay, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  };

  open = (device: string) => {
    this.opened.push(device);
    return {
      send: (frame: Uint8Array) => {
        const failure = this.failures.shift();
        if (failure !== undefined && failure !== '') throw new NetioError('no', failure);
        this.log.push(`${this.time} ${device} ${frame[12] === 0x86 ? 'na' : 'arp'}${lastOfAddress(frame)}`);
      },
      close: () => void this.closed.push(device),
    };
  };

  get timers(): number {
    return this.#timers.length;
  }

  run(until: number): void {
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.time = next.at;
      next.callback();
    }
    this.time = until;
  }
}

const lastOfAddress = (frame: Uint8Array): number => frame[frame[12] === 0x86 ? 37 : 31]!;

let world: World;
let announcer: Announcer;

beforeEach(() => {
  world = new World();
  announcer = new Announcer((device, code) => world.errors.push(`${device} ${code}`), world);
});

const announce = (more: Partial<Announcement>): void => announcer.announce({ ...NOTHING, ...more });

describe('without a gap', () => {
  test('all leaves at once, every address before the first is repeated', () => {
    announce({ addresses: addresses('192.0.2.1', '192.0.2.2', '2001:db8::3'), repeat: 2 });
    const once = ['0 eth0 arp1', '0 eth0 arp2'];
    expect(world.log).toEqual([...once, ...once, '0 eth0 na3', '0 eth0 na3']);
    expect(world.opened).toEqual(['eth0']);
    expect(world.timers).toBe(0);
  });

  test('not more than 64 frames in one go', () => {
    announce({ addresses: addresses('192.0.2.1'), repeat: 150 });
    expect(world.log).toHaveLength(64);
    world.run(0);
    expect(world.log).toHaveLength(150);
    expect(world.timers).toBe(0);
  });
});

describe('with gaps', () => {
  test('each family keeps its own', () => {
    announce({ addresses: addresses('192.0.2.1', '2001:db8::3'), repeat: 3, arpGap: 100, neighbourGap: 30 });
    world.run(1000);
    const arp = [0, 100, 200].map((at) => `${at} eth0 arp1`);
    const na = [0, 30, 60].map((at) => `${at} eth0 na3`);
    expect(world.log.toSorted()).toEqual([...arp, ...na].toSorted());
  });

  test('the gap holds from one announcement to the next, and on each interface alone', () => {
    announce({ addresses: addresses('192.0.2.1'), arpGap: 50 });
    world.run(20);
    announce({ addresses: addresses('192.0.2.2'), arpGap: 50 });
    announce({ device: 'eth1', addresses: addresses('192.0.2.9'), arpGap: 50 });
    world.run(1000);
    expect(world.log).toEqual(['0 eth0 arp1', '20 eth1 arp9', '50 eth0 arp2']);
  });

  test('repeats that a later announcement repeats are dropped', () => {
    announce({ addresses: addresses('192.0.2.1', '192.0.2.2'), repeat: 5, arpGap: 10 });
    world.run(15);
    announce({ addresses: addresses('192.0.2.1'), repeat: 1, arpGap: 10 });
    world.run(1000);
    const left = [20, 40, 50, 60].map((at) => `${at} eth0 arp2`);
    expect(world.log).toEqual(['0 eth0 arp1', '10 eth0 arp2', left[0], '30 eth0 arp1', ...left.slice(1)]);
  });

  test('nothing is announced of addresses that are released', () => {
    announce({ addresses: addresses('192.0.2.1', '192.0.2.2'), repeat: 2, arpGap: 10 });
    announcer.cancel('eth0', addresses('192.0.2.1'));
    announcer.cancel('eth7', addresses('192.0.2.1'));
    world.run(1000);
    expect(world.log).toEqual(['0 eth0 arp1', '10 eth0 arp2', '20 eth0 arp2']);
    announce({ addresses: addresses('192.0.2.1'), repeat: 2, arpGap: 10 });
    announcer.cancel('eth0', addresses('192.0.2.1'));
    expect(world.timers).toBe(0);
  });

  test('nothing is sent after close', () => {
    announce({ addresses: addresses('192.0.2.1'), repeat: 2, arpGap: 10 });
    announcer.close();
    announcer.close();
    world.run(1000);
    expect(world.log).toEqual(['0 eth0 arp1']);
    expect(world.closed).toEqual(['eth0']);
  });
});

test('interfaces behind one switch share the gap, each kind of frame its own', () => {
  const pace = 'eth0 eth1';
  announce({ addresses: addresses('192.0.2.1', '2001:db8::1'), repeat: 2, arpGap: 10, neighbourGap: 20, pace });
  announce({ device: 'eth1', addresses: addresses('192.0.2.9'), arpGap: 10, pace });
  announce({ device: 'eth2', addresses: addresses('192.0.2.8'), arpGap: 10 });
  world.run(1000);
  expect(world.log).toEqual([
    ...['0 eth0 arp1', '0 eth0 na1', '0 eth2 arp8', '10 eth0 arp1', '20 eth0 na1', '20 eth1 arp9'],
  ]);
  // A reload takes them out of it.
  announce({ device: 'eth1', addresses: addresses('192.0.2.9'), arpGap: 10 });
  announce({ addresses: addresses('192.0.2.1'), arpGap: 10 });
  expect(world.log.slice(6)).toEqual(['1000 eth1 arp9', '1000 eth0 arp1']);
});

describe('errors', () => {
  test('an interface that was made anew is opened anew', () => {
    announce({ addresses: addresses('192.0.2.1') });
    world.failures.push('ENXIO');
    announce({ addresses: addresses('192.0.2.2') });
    expect(world.log).toEqual(['0 eth0 arp1', '0 eth0 arp2']);
    expect([world.opened, world.closed, world.errors]).toEqual([['eth0', 'eth0'], ['eth0'], []]);
  });

  test('what waits for an interface that is down is dropped, with one error', () => {
    world.failures.push('ENETDOWN');
    announce({ addresses: addresses('192.0.2.1', '192.0.2.2', '2001:db8::3'), repeat: 5 });
    expect(world.errors).toEqual(['eth0 ENETDOWN']);
    expect([world.log, world.timers]).toEqual([[], 0]);
    announce({ addresses: addresses('192.0.2.1') });
    expect(world.log).toEqual(['0 eth0 arp1']);
  });

  test('a full queue loses its frame alone', () => {
    world.failures.push('', 'ENOBUFS');
    announce({ addresses: addresses('192.0.2.1', '192.0.2.2', '192.0.2.3') });
    expect(world.errors).toEqual(['eth0 ENOBUFS']);
    expect(world.log).toEqual(['0 eth0 arp1', '0 eth0 arp3']);
  });
});
