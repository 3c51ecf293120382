/**
 * Routers of one VRID on a LAN that loses, delays, reorders and repeats what they send, on a virtual
 * clock. Everything follows from the seed.
 */
import { addressFromWords } from '../../src/core/model/address.ts';
import { Random } from '../../src/core/simulation/random.ts';
import { DEFAULTS, type InstanceConfig } from '../../src/core/vrrp/config.ts';
import { stepInstance } from '../../src/core/vrrp/instance.ts';
import type { Datagram } from '../../src/core/vrrp/ipv4.ts';
import {
  createInstance,
  type Effect,
  type InstanceEvent,
  type InstanceState,
  nextDeadline,
} from '../../src/core/vrrp/state.ts';
import { sentBy } from './advert-bytes.ts';

export interface Weather {
  /** Percent. */
  readonly loss: number;
  readonly repeated: number;
  /** Milliseconds; each datagram takes any time up to it, so they overtake each other. */
  readonly delay: number;
}

export const CALM: Weather = { loss: 0, repeated: 0, delay: 1 };

/** `host`: the last byte of its address, which decides between equal priorities. */
export function routerConfig(host: number, options: Partial<InstanceConfig>): InstanceConfig {
  return {
    ...DEFAULTS,
    name: `r${host}`,
    vrid: 1,
    source: addressFromWords(4, [0xc0a80a00 + host]),
    addresses: [addressFromWords(4, [0xc0a80abc])],
    multicastGroup: addressFromWords(4, [0xe0000012]),
    ...options,
  };
}

interface InFlight {
  readonly to: number;
  readonly at: number;
  readonly datagram: Datagram | null;
}

export class Lan {
  now = 0;
  weather: Weather;
  readonly states: InstanceState[];
  readonly #alive: boolean[];
  readonly #random: Random;
  #inFlight: InFlight[] = [];

  constructor(configs: readonly InstanceConfig[], weather: Weather, seed: number) {
    this.states = configs.map(createInstance);
    this.#alive = configs.map(() => true);
    this.weather = weather;
    this.#random = new Random(seed);
  }

  /** Of those that live. */
  get masters(): InstanceState[] {
    return this.states.filter(({ phase }, i) => this.#alive[i] && phase === 'MASTER');
  }

  get living(): InstanceState[] {
    return this.states.filter((_, i) => this.#alive[i]);
  }

  /** The cable is pulled, or the process killed: nothing is sent or heard any more. */
  kill(router: number): void {
    this.#alive[router] = false;
  }

  send(router: number, event: InstanceEvent): void {
    if (!this.#alive[router]) return;
    const [state, effects] = stepInstance(this.states[router]!, event, this.now);
    this.states[router] = state;
    for (const effect of effects) this.#perform(router, effect);
  }

  run(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      const arrival = this.#inFlight.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
      const deadline = Math.min(...this.living.map((state) => nextDeadline(state) ?? Number.POSITIVE_INFINITY));
      if (Math.min(arrival, deadline) > end) break;
      this.now = Math.max(this.now, Math.min(arrival, deadline));
      if (arrival <= deadline) this.#deliver(arrival);
      else for (const router of this.states.keys()) this.send(router, { type: 'tick' });
    }
    this.now = end;
  }

  /** Whatever is under way arrives now, or never: half of it each. */
  flush(): void {
    const arriving = this.#inFlight.filter(() => this.#random.below(2) === 0);
    this.#inFlight = [];
    for (const { to, datagram } of arriving) this.send(to, { type: 'datagram', datagram });
  }

  #perform(router: number, effect: Effect): void {
    if (effect.type !== 'advertise') return;
    const { config } = this.states[router]!;
    const datagram = sentBy(config, { source: config.source, priority: effect.priority });
    for (const to of this.states.keys()) if (to !== router) this.#transmit(to, datagram);
  }

  #transmit(to: number, datagram: Datagram | null): void {
    const { loss, repeated, delay } = this.weather;
    const copies = this.#random.below(100) < loss ? 0 : this.#random.below(100) < repeated ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.#inFlight.push({ to, datagram, at: this.now + (this.#random.below(1000) / 1000) * delay });
    }
  }

  #deliver(at: number): void {
    const index = this.#inFlight.findIndex((one) => one.at === at);
    const [{ to, datagram }] = this.#inFlight.splice(index, 1) as [InFlight];
    this.send(to, { type: 'datagram', datagram });
  }
}
