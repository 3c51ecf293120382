/** fullnat, the client's half: the local address and port that a packet leaves from. */
import { addressBytes } from '../../support/packet-bytes.ts';
import type { ServerConfig, ServiceConfig, World } from '../world.ts';
import type { Entry } from './connections.ts';
import type { ModelDataPlane } from './data-plane.ts';
import type { RequestFragment } from './fragments.ts';
import { type Candidate, LocalPorts } from './local-ports.ts';
import { flowKey, type Placement } from './placement.ts';
import type { Headers } from './read-headers.ts';
import type { Link, Packet } from './read-packet.ts';
import type { Replies } from './replies.ts';
import { toaOption, wantsToa } from './toa.ts';
import { realPort } from './translate.ts';

/** A request of fullnat as it came. */
export interface LocalRequest {
  readonly frame: Buffer;
  readonly link: Link;
  readonly packet: Packet;
  readonly service: ServiceConfig;
  /** As the packet reaches it. */
  readonly server: ServerConfig;
}

/** Where it leaves from. */
export interface Local extends Candidate {
  /** What the real server is told of the client; null: nothing. */
  readonly option: Buffer | null;
}

type Taken = number | 'none' | 'no room';

export class LocalRequests {
  readonly #plane: ModelDataPlane;
  readonly #placement: Placement;
  readonly #replies: Replies;
  readonly #ports: LocalPorts;

  constructor(plane: ModelDataPlane, placement: Placement, replies: Replies, start: () => bigint) {
    this.#plane = plane;
    this.#placement = placement;
    this.#replies = replies;
    this.#ports = new LocalPorts(start);
  }

  configure(world: World): void {
    this.#ports.configure(world);
  }

  /** null: the packet is dropped, and counted. `first`: it is the first of several fragments. */
  use(request: LocalRequest, first: Headers | null): Local | null {
    const number = this.#keep(request);
    if (number === null) return null;
    if (first !== null) this.#plane.fragments.setLocal(first, number);
    if (this.#placement.news === 'opened') {
      this.#plane.sending.count('connections_created');
      this.#plane.sending.trafficOf(`service ${request.service.id}`).connections++;
      this.#plane.sending.trafficOf(`server ${request.server.id}`).connections++;
    }
    return this.#localOf(number, request);
  }

  /** A later fragment leaves from where the first one left; null: it is dropped, and counted. */
  follow(request: LocalRequest, { local }: RequestFragment): Local | null {
    const { connections, now } = this.#plane;
    const reply = local === null ? undefined : connections.entries[local]?.reply;
    const connection = local === null ? null : connections.connectionOf(local, now);
    const { server, packet } = request;
    const isOwn = connection?.realServer === server.id && connection.key.startsWith(packet.source.toString('hex'));
    if (local !== null && reply?.isLocal && isOwn) return this.#localOf(local, request);
    this.#plane.sending.count('drop_untranslated');
    return null;
  }

  /** Number of the reply entry, or null. */
  #keep(request: LocalRequest): number | null {
    const { connections, sending, now } = this.#plane;
    const { frame, link, packet, service } = request;
    const hash = this.#plane.hashOf(packet, service.id);
    const lookup = { hash, key: flowKey(service, packet), now, opening: false, exact: true, confirm: false };
    const connection = connections.find(lookup);
    const entry = connections.entries[connection];
    if (!entry) {
      sending.count('drop_untranslated');
      return null;
    }
    const known = entry.local === undefined ? undefined : connections.entries[entry.local]?.reply;
    if (entry.local !== undefined && known?.isLocal && known.connection === connection) {
      if (this.#placement.news !== 'old') known.way = this.#replies.wayBack(frame, link);
      return entry.local;
    }
    const taken = this.#takePort(request, connection, entry);
    if (typeof taken === 'number') {
      entry.local = taken;
      return taken;
    }
    sending.count(taken === 'no room' ? 'drop_table_full' : 'drop_no_local_port');
    if (this.#placement.news === 'opened' && connections.entries[connection] === entry) connections.remove(connection);
    return null;
  }

  #takePort(request: LocalRequest, connection: number, entry: Entry): Taken {
    let why: Taken = 'none';
    for (const candidate of this.#ports.candidates(request.service, request.server)) {
      const taken = this.#try(request, connection, candidate);
      if (typeof taken === 'number') return taken;
      if (taken === 'no room') why = taken;
      if (this.#plane.connections.entries[connection] !== entry) return 'no room'; // it went to make room for its own reply entry
    }
    return why;
  }

  #try(request: LocalRequest, connection: number, { address, port }: Candidate): Taken {
    const { frame, link, packet, server } = request;
    const ends = { source: addressBytes(server.address), sport: realPort(server, packet) };
    const reply = { ...packet, ...ends, destination: address, dport: port };
    return this.#replies.take(reply, server, connection, this.#replies.wayBack(frame, link));
  }

  #localOf(number: number, { frame, link, packet, service }: LocalRequest): Local {
    const { connections } = this.#plane;
    const entry = connections.entries[number]!;
    const connection = connections.entries[entry.reply!.connection]!;
    const [, , , destination = '', dport = ''] = entry.key.split(' ');
    const isTold = service.toa && wantsToa(frame.subarray(link.ipAt), packet, connection.firstAck ?? 0);
    const [source = '', sport = ''] = connection.key.split(' ');
    const client = { ...packet, source: Buffer.from(source, 'hex'), sport: Number(sport) };
    return {
      address: Buffer.from(destination, 'hex'),
      port: Number(dport),
      option: isTold ? toaOption(client) : null,
    };
  }
}
