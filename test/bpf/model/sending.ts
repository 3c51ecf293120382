/** How a packet ends: forwarded, answered, dropped or the kernel's; and what is counted of it. */
import { Option } from '../../../src/dataplane/types.gen.ts';
import { overheadOf } from '../encode.ts';
import type { Verdict } from '../fixture.ts';
import { OPTIONS } from '../settings.ts';
import type { ServiceConfig, World } from '../world.ts';
import { type Forwarding, forwardedFrame, hasRandomId, hopped } from './forward.ts';
import { type IcmpError, icmpAnswer, mayBeAnswered } from './icmp.ts';
import type { Link, Packet } from './read-packet.ts';
import { hasRoom } from './toa.ts';
import { canTranslate, requestTranslations } from './translate.ts';

export interface Result {
  readonly verdict: Verdict;
  readonly frame: Buffer;
  /** The outer header's identification may be anything. */
  readonly randomId: boolean;
}

/** Of replies only where there were any. */
interface Traffic {
  connections: number;
  packets: number;
  bytes: number;
  out_packets?: number;
  out_bytes?: number;
}

export class Sending {
  readonly traffic = new Map<string, Traffic>();
  world: World = { services: [], nextHops: [], interfaces: [] };
  /** Bits of enum option. */
  options = OPTIONS;
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
    if (packet.length + overhead > server.mtu) {
      const fragments = !packet.df || (overhead > 0 && !doesPmtuDiscovery);
      if (packet.family === 4 && fragments) return this.drop('drop_too_big_no_df', frame);
      this.count('drop_too_big');
      if (quiet) return { verdict: 'drop', frame, randomId: false };
      const onward = Buffer.concat([frame.subarray(0, link.ipAt), hopped(frame.subarray(link.ipAt), packet)]);
      return this.answer(onward, link, packet, { kind: 'too-big', mtu: server.mtu - overhead });
    }
    const hop = this.world.nextHops[server.nextHop];
    const egress = this.world.interfaces.find(({ ifindex }) => ifindex + 1 === hop?.port);
    if (hop === undefined || egress === undefined) return this.drop('drop_no_next_hop', frame);
    if (requestTranslations(found).some((change) => !canTranslate(packet, change)))
      return this.drop('drop_untranslated', frame);
    this.count('forwarded');
    const local = this.#tell(found);
    const forwarding: Forwarding = { ...found, local, hop, egress, doesPmtuDiscovery };
    const verdict = egress.ifindex === this.#ingress ? 'tx' : 'redirect';
    return { verdict, frame: forwardedFrame(forwarding), randomId: hasRandomId(forwarding) };
  }

  /** TOA only where there is room for it. */
  #tell({ frame, link, packet, server, local }: Pick<Forwarding, 'frame' | 'link' | 'packet' | 'server' | 'local'>) {
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
