/**
 * Two hosts on a switch, each in a namespace of its own: `eth0` is 192.168.10.11 and .12, fd00:10::11
 * and ::12. The switch is a bridge in a third one, so that each cable can be pulled by itself.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

export type Side = 'a' | 'b';
export const SIDES: readonly Side[] = ['a', 'b'];
export const otherSide = (side: Side): Side => (side === 'a' ? 'b' : 'a');
export const ADDRESS4: Record<Side, string> = { a: '192.168.10.11', b: '192.168.10.12' };
export const ADDRESS6: Record<Side, string> = { a: 'fd00:10::11', b: 'fd00:10::12' };
/** Of eth0, made from its MAC. */
export const LINK_LOCAL: Record<Side, string> = { a: 'fe80::a8:ff:fe00:11', b: 'fe80::a8:ff:fe00:12' };
const MAC: Record<Side, string> = { a: '02:a8:00:00:00:11', b: '02:a8:00:00:00:12' };

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });

export class Lan implements Disposable {
  readonly #tag = randomBytes(3).toString('hex');

  constructor() {
    for (const part of ['lan', ...SIDES]) ip('netns', 'add', this.namespace(part));
    this.#batch('lan', 'link add br0 type bridge mcast_snooping 0\nlink set br0 up\n');
    for (const side of SIDES) this.#connect(side);
  }

  namespace(part: Side | 'lan' | string): string {
    return `xlb-io-${this.#tag}-${part}`;
  }

  /** Words that run a command there, before whatever else wants a CPU: its time is what tests measure. */
  enter(part: Side | 'lan'): string[] {
    return ['nsenter', `--net=/run/netns/${this.namespace(part)}`, 'chrt', '--rr', '1'];
  }

  holds(side: Side, address: string): boolean {
    return ip('-n', this.namespace(side), '-o', 'addr', 'show').includes(` ${address}/`);
  }

  linkDown(side: Side): void {
    this.#batch(side, 'link set eth0 down\n');
  }

  linkUp(side: Side): void {
    this.#batch(side, 'link set eth0 up\n');
  }

  /** The carrier goes: the switch's end is down. */
  unplug(side: Side): void {
    this.#batch('lan', `link set dev ${side} down\n`);
  }

  /** Silent: the carrier stays, and nothing passes. */
  cut(side: Side): void {
    this.#batch('lan', `link set dev ${side} nomaster\n`);
  }

  heal(side: Side): void {
    this.#batch('lan', `link set dev ${side} master br0\n`);
  }

  [Symbol.dispose](): void {
    for (const part of ['lan', ...SIDES]) ip('netns', 'del', this.namespace(part));
  }

  #connect(side: Side): void {
    const peer = `name eth0 address ${MAC[side]} netns ${this.namespace(side)}`;
    this.#batch(
      'lan',
      `link add name ${side} type veth peer ${peer}\nlink set dev ${side} master br0\nlink set dev ${side} up\n`,
    );
    const addresses = [`${ADDRESS4[side]}/24`, `${ADDRESS6[side]}/64 nodad`];
    // Duplicate detection would keep the link-local address from being used for two seconds.
    const quiet = ['sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=0'];
    execFileSync('ip', ['netns', 'exec', this.namespace(side), ...quiet]);
    const lines = ['link set lo up', 'link set eth0 up', ...addresses.map((each) => `addr add ${each} dev eth0`)];
    this.#batch(side, `${lines.join('\n')}\n`);
  }

  #batch(part: Side | 'lan', input: string): void {
    execFileSync('ip', ['-n', this.namespace(part), '-batch', '-'], { input });
  }
}
