/**
 * Scripts: what happens to both directors, one step a line.
 *
 *   ipvsadm -A -t V:80 -s rr          words of ipvsadm
 *   tcp c1:1000 > V:80 S              a packet of a client, with its flags (and bytes of payload)
 *   udp c1:1000 > V:53 40
 *   sctp c1:1000 > V:36 INIT          its chunks: COOKIE_ECHO,DATA (and bytes of the last one)
 *   tcp R1:80 > c1:1000 SA            a packet of a real server
 *   icmp c1 > V 3/4 1400 tcp V:80 > c1:1000 . 100
 *                                     ICMP type/code and rest, and the packet that it quotes
 *   wait 3                            seconds
 *   sysctl expire_nodest_conn=1
 *   check                             services, connections and counters are compared
 *
 * V, W: the script's virtual IPs; R1 to R6: its real servers; c1 to c200: its
 * clients. With a `6` behind the letter they are IPv6 addresses. Each script has
 * addresses of its own, so that what one leaves behind does not meet another.
 */
import { ethernet } from '../support/packet.ts';
import { CHUNK, type ChunkName } from '../support/packet-layers.ts';
import { DIRECTOR_MAC, ROUTER_MAC } from './worlds.ts';

export interface Script {
  readonly name: string;
  /** Lines; blank ones and those with `#` do nothing. */
  readonly text: string;
}

export type Step =
  | { readonly do: 'ipvsadm'; readonly line: string; readonly words: readonly string[] }
  | { readonly do: 'packet'; readonly line: string; readonly frame: Buffer }
  | { readonly do: 'wait'; readonly line: string; readonly seconds: number }
  | { readonly do: 'sysctl'; readonly line: string; readonly name: string; readonly value: string }
  | { readonly do: 'check'; readonly line: string };

export const REAL_SERVERS = 6;
const LINK_LENGTH = 14;
const IPV4_QUOTE = 576 - 20 - 8;

/** Addresses of script number n, from 1 to 250. */
export class Places {
  readonly #n: number;

  constructor(n: number) {
    this.#n = n;
  }

  get virtualIps(): string[] {
    return ['V', 'W', 'V6', 'W6'].map((word) => this.address(word));
  }

  realServer(i: number, family: 4 | 6): { address: string; mac: string } {
    const address = this.address(family === 4 ? `R${i}` : `R6${i}`);
    return { address, mac: `02:00:0a:0${family}:${hex(this.#n)}:${hex(i)}` };
  }

  /** Every address of the script's clients begins with one of these. */
  get clientPrefixes(): string[] {
    return [`192.168.${this.#n}.`, `[fd01:${this.#n}::`];
  }

  address(word: string): string {
    const [, kind, six, digits = ''] = /^([VWRc])(6?)(\d*)$/.exec(word) ?? [];
    if (kind === undefined) throw new Error(`${word} is no place`);
    const n = this.#n;
    const last = kind === 'V' ? 100 : kind === 'W' ? 101 : Number(digits) + (kind === 'R' ? 10 : 0);
    if (kind === 'c') return six ? `fd01:${n}::${last.toString(16)}` : `192.168.${n}.${last}`;
    return six ? `fd00:${n}::${last.toString(16)}` : `10.0.${n}.${last}`;
  }

  /** Words with every place put in. */
  fill(text: string): string {
    return text.replace(/(?<![\w-])([VW]6?|R6?\d|c6?\d+)(?=[:\s/]|$)/g, (word) => {
      const address = this.address(word);
      return address.includes(':') ? `[${address}]` : address;
    });
  }

  /** Which MAC address a packet from there has. */
  macOf(address: string): string {
    for (let i = 1; i <= REAL_SERVERS; i++) {
      for (const family of [4, 6] as const) {
        if (this.realServer(i, family).address === address) return this.realServer(i, family).mac;
      }
    }
    return ROUTER_MAC;
  }
}

export function readScript({ name, text }: Script, places: Places): Step[] {
  return text.split('\n').flatMap((raw, i) => {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') return [];
    try {
      return [readStep(line, places)];
    } catch (error) {
      throw new Error(`${name}:${i + 1}: ${line}: ${(error as Error).message}`);
    }
  });
}

function readStep(line: string, places: Places): Step {
  const [verb = '', ...words] = line.split(/\s+/);
  switch (verb) {
    case 'ipvsadm':
      return { do: 'ipvsadm', line, words: words.map((word) => places.fill(word)) };
    case 'tcp':
    case 'udp':
    case 'sctp':
      return { do: 'packet', line, frame: readPacket(verb, words, places) };
    case 'icmp':
      return { do: 'packet', line, frame: readIcmp(words, places) };
    case 'wait':
      return { do: 'wait', line, seconds: Number(words[0]) };
    case 'sysctl': {
      const [name = '', value = ''] = (words[0] ?? '').split('=');
      return { do: 'sysctl', line, name, value };
    }
    case 'check':
      return { do: 'check', line };
    default:
      throw new Error(`${verb} is no step`);
  }
}

function readPacket(verb: 'tcp' | 'udp' | 'sctp', words: readonly string[], places: Places): Buffer {
  const [from = '', arrow, to = '', ...rest] = words;
  if (arrow !== '>') throw new Error('expected FROM:PORT > TO:PORT');
  const [source, sport] = endpoint(from, places);
  const [destination, dport] = endpoint(to, places);
  const frame = ethernet({ src: places.macOf(source), dst: DIRECTOR_MAC });
  const fields = { src: source, dst: destination };
  const packet = source.includes(':') ? frame.ipv6(fields) : frame.ipv4(fields);
  const size = Number(rest.find((word) => /^\d+$/.test(word)) ?? 0);
  if (verb === 'udp') return packet.udp({ sport, dport }).payload(size).build();
  if (verb === 'sctp') return packet.sctp({ sport, dport, chunks: chunksOf(rest[0] ?? '', size) }).build();
  const flags = rest.find((word) => /^[A-Z.]+$/.test(word)) ?? '.';
  return packet.tcp({ sport, dport, flags }).payload(size).build();
}

/** An error quotes as much as routers do: all of it, up to 576 bytes in IPv4. */
function readIcmp(words: readonly string[], places: Places): Buffer {
  const [from = '', arrow, to = '', kind = '', rest = '0', verb, ...quoted] = words;
  if (arrow !== '>') throw new Error('expected FROM > TO TYPE/CODE REST [PACKET]');
  const [src, dst] = [places.address(from), places.address(to)];
  const [type = 0, code = 0] = kind.split('/').map(Number);
  const fields = { type, code, rest: Number(rest) };
  const isQuotable = verb === 'tcp' || verb === 'udp' || verb === 'sctp';
  const quote = isQuotable ? readPacket(verb, quoted, places).subarray(LINK_LENGTH) : Buffer.alloc(0);
  const frame = ethernet({ src: places.macOf(src), dst: DIRECTOR_MAC });
  if (src.includes(':')) return frame.ipv6({ src, dst }).icmpv6(fields).payload(quote).build();
  return frame.ipv4({ src, dst }).icmp(fields).payload(quote.subarray(0, IPV4_QUOTE)).build();
}

function chunksOf(text: string, size: number) {
  const types = text.split(',').filter((word) => word !== '');
  return types.map((type, i) => {
    if (!Object.hasOwn(CHUNK, type)) throw new Error(`${type} is no chunk`);
    const name = type as ChunkName;
    return size > 0 && i === types.length - 1 ? { type: name, value: Buffer.alloc(size) } : name;
  });
}

function endpoint(text: string, places: Places): [string, number] {
  const [place = '', port = ''] = text.split(':');
  return [places.address(place), Number(port)];
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
