/** What the switch saw: advertisements and announcements, by tcpdump. */
import type { Address } from '../../../src/core/model/model.ts';
import type { Lan } from './lan.ts';
import { Program } from './program.ts';

export interface SeenAdvert {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly source: string;
  readonly vrid: number;
  readonly priority: number;
}

const FILTER = 'proto 112 or proto 51 or arp or (ip6 and (ip6[6] == 112 or icmp6))';

export class Capture {
  readonly #tcpdump: Program;

  private constructor(tcpdump: Program) {
    this.#tcpdump = tcpdump;
  }

  static async start(lan: Lan): Promise<Capture> {
    const tcpdump = new Program(
      lan.enter('lan'),
      'tcpdump',
      '-i',
      'br0',
      '-nn',
      '-l',
      '-tt',
      '--immediate-mode',
      FILTER,
    );
    await tcpdump.says(/listening on/);
    return new Capture(tcpdump);
  }

  adverts(): SeenAdvert[] {
    const line = /^([0-9.]+) IP6? (?:\S+ )?(\S+) > \S+?: .*?vrid (\d+), prio (\d+)/gm;
    return [...this.#tcpdump.output.matchAll(line)].map(([, seconds, source, vrid, priority]) => ({
      at: Number(seconds) * 1000,
      source: source!,
      vrid: Number(vrid),
      priority: Number(priority),
    }));
  }

  /** How often an address was announced after `since`, by gratuitous ARP or an unsolicited neighbour advertisement. */
  announcements(address: Address, since: number): number {
    const { output } = this.#tcpdump;
    const pattern = address.includes(':')
      ? `^([0-9.]+) IP6 ${address} > ff02::1: .*neighbor advertisement, .*tgt is ${address}`
      : `^([0-9.]+) ARP, Request who-has ${address} \\(ff:ff:ff:ff:ff:ff\\) tell ${address},`;
    const seen = [...output.matchAll(new RegExp(pattern, 'gm'))];
    return seen.filter(([, seconds]) => Number(seconds) * 1000 > since).length;
  }

  async stop(): Promise<void> {
    await this.#tcpdump.end('SIGTERM');
  }
}
