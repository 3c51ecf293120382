/** How a packet ends: forwarded, answered, dropped or the kernel's; and what is counted of it. */
import { Option } from '../../../src/dataplane/types.gen.ts';
import { ETHERTYPE } from '../../support/packet-layers.ts';
import { overheadOf } from '../encode.ts';
import type { Verdict } from '../fixture.ts';
import { OPTIONS } from '../settings.ts';
import type { ServiceConfig, World } from '../world.ts';
import { afterCrossing, crossed, crossingOf, growth, isCrossable } from './cross.ts';
import type { Crossed, Ends } from './cross-header.ts';
import { type Forwarding, forwardedFrame, hasRandomId, hopped, type Leaving, linkHeader } from './forward.ts';
import { type IcmpError, icmpAnswer, mayBeAnswered } from './icmp.ts';
import type { Local } from './local-requests.ts';
import type { Link, Packet } from './read-packet.ts';
import { hasRoom, withToa } from './toa.ts';
import { canTranslate, requestTranslations } from './translate.ts';

export interface Result {
  readonly verdict: Verdict;
  readonly frame: Buffer;
  /** The outer header's identification may be anything. */
  readonly randomId: boolean;
  /** As may be that of the IPv4 packet which an ICMP error quotes. */
  readonly quotesRandomId?: boolean;
}

/** Of replies only where there were any. */
interface Traffic {
  connections: number;
  packets: number;
  bytes: number;
  out_packets?: number;
  out_bytes?: number;
}

type Told = Pick<Forwarding, 'frame' | 'link' | 'packet' | 'server' | 'local'>;

export class Sending {
  readonly traffic = new Map<string, Traffic>();
  world: World = { services: [], nextHops: [], interfaces: [] };
  /** Bits of enum option. */
  options = OPTIONS;
  /** What left in the other family so far, like `request 17 to IPv6` or `error about reply to IPv4`. */
  readonly crossings = new Set<string>();
  readonly #ingress: number;
  #counted: Record<string, number> = {};

  constructor(ingress: number) {
    this.#ingress = ingress;
  }

  /** Counters since the last call. */
  counted(): Record<string, number> {
    const counted = this.#counted;
    this.#counted = {};
    return counted;
  }

  /** `quiet`: no ICMP error is sent about it. */
  forward(
    found: Omit<Forwarding, 'hop' | 'egress' | 'doesPmtuDiscovery'>,
    service: ServiceConfig,
    quiet = false,
  ): Result {
    const { frame, link, packet, server } = found;
    const overhead = overheadOf(server);
    const doesPmtuDiscovery = (this.options & Option.OPTION_PMTU_DISC) !== 0;
    for (const traffic of [this.trafficOf(`service ${service.id}`), this.trafficOf(`server ${server.id}`)]) {
      traffic.packets++;
      traffic.bytes += packet.length;
    }
    if (packet.ttl <= 1) {
      this.count('drop_ttl_exceeded');
      if (quiet) return { verdict: 'drop', frame, randomId: false };
      return this.answer(frame, link, packet, { kind: 'time-exceeded' });
    }
    const crossing = crossingOf(packet, server, found.local);
    if (crossing && !isCrossable(packet, crossing)) return this.drop('drop_untranslated', frame);
    const mtu = server.mtu - overhead - growth(packet, crossing);
    if (packet.length > mtu) {
      const fragments = !packet.df || (overhead > 0 && !doesPmtuDiscovery);
      if (packet.family === 4 && fragments) return this.drop('drop_too_big_no_df', frame);
      this.count('drop_too_big');
      if (quiet) return { verdict: 'drop', frame, randomId: false };
      const onward = Buffer.concat([frame.subarray(0, link.ipAt), hopped(frame.subarray(link.ipAt), packet)]);
      return this.answer(onward, link, packet, { kind: 'too-big', mtu });
    }
    const hop = this.world.nextHops[server.nextHop];
    const egress = this.world.interfaces.find(({ ifindex }) => ifindex + 1 === hop?.port);
    if (hop === undefined || egress === undefined) return this.drop('drop_no_next_hop', frame);
    const verdict = egress.ifindex === this.#ingress ? 'tx' : 'redirect';
    if (crossing) return this.#cross(found, crossing, { hop, egress, link }, verdict);
    if (requestTranslations(found).some((change) => !canTranslate(packet, change)))
      return this.drop('drop_untranslated', frame);
    this.count('forwarded');
    const local = this.#tell(found);
    const forwarding: Forwarding = { ...found, local, hop, egress, doesPmtuDiscovery };
    return { verdict, frame: forwardedFrame(forwarding), randomId: hasRandomId(forwarding) };
  }

  /** fullnat to a real server of the other family. */
  #cross(
    { frame, link, packet, server, local }: Told,
    crossing: Ends,
    leaving: Leaving,
    verdict: 'tx' | 'redirect',
  ): Result {
    const out = this.crossed('request', frame.subarray(link.ipAt), packet, crossing);
    if (out === null) return this.drop('drop_untranslated', frame);
    const now = afterCrossing(packet, crossing);
    const told = this.#tell({
      frame: Buffer.concat([frame.subarray(0, link.ipAt), out.ip]),
      link,
      packet: now,
      server,
      local: local ?? null,
    });
    this.count('forwarded');
    const ip = told?.option ? withToa(out.ip, now, told.option) : out.ip;
    const header = linkHeader(leaving, crossing.family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
    const { randomId, quotesRandomId } = out;
    return { verdict, frame: Buffer.concat([header, ip]), randomId, quotesRandomId };
  }

  /** A packet as it leaves in the other family; null: it cannot be translated. */
  crossed(what: 'request' | 'reply', ip: Buffer, packet: Packet, to: Ends): Crossed | null {
    const out = crossed(hopped(ip, packet), packet, to);
    const name = packet.quoted ? `error about ${what}` : `${what} ${packet.protocol}`;
    if (out !== null) this.crossings.add(`${name} to IPv${to.family}`);
    return out;
  }

  /** TOA only where there is room for it. */
  #tell({ frame, link, packet, server, local }: Told): Local | null {
    if (!local?.option) return local ?? null;
    if (hasRoom(frame.subarray(link.ipAt), link.ipAt, packet, server.mtu, local.option)) return local;
    this.count('toa_left_out');
    return { ...local, option: null };
  }

  answer(frame: Buffer, link: Link, packet: Packet, error: IcmpError): Result {
    if (!mayBeAnswered(packet.source)) return { verdict: 'drop', frame, randomId: false };
    this.count('icmp_sent');
    return { verdict: 'tx', frame: icmpAnswer(frame, link, packet, error), randomId: false };
  }

  drop(counter: string, frame: Buffer): Result {
    this.count(counter);
    return { verdict: 'drop', frame, randomId: false };
  }

  outcome(counter: string, result: Result): Result {
    this.count(counter);
    return result;
  }

  count(name: string): void {
    this.#counted[name] = (this.#counted[name] ?? 0) + 1;
  }

  /** `name`: `service` or `server`, and the id. */
  trafficOf(name: string): Traffic {
    const traffic = this.traffic.get(name) ?? { connections: 0, packets: 0, bytes: 0 };
    this.traffic.set(name, traffic);
    return traffic;
  }
}
