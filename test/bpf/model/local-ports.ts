/**
 * Ports of local addresses (fullnat). The entry that leads answers to their connection
 * is the port: as long as it is there, no other connection to the same real server has it.
 */
import { addressBytes } from '../../support/packet-bytes.ts';
import { familyOf } from '../encode.ts';
import type { LocalConfig, ServerConfig, ServiceConfig, World } from '../world.ts';

export interface Candidate {
  readonly address: Buffer;
  readonly port: number;
}

/** A prime larger than any pool: candidates lie this far apart. */
const STRIDE = 2654435761n;
const TRIES = 256;

export class LocalPorts {
  readonly #pools = new Map<string, readonly LocalConfig[]>();
  readonly #start: () => bigint;

  /** `start`: where the search for a port began. Any place is as good; the program says which it took. */
  constructor(start: () => bigint) {
    this.#start = start;
  }

  configure({ locals = [] }: World): void {
    this.#pools.clear();
    for (const local of locals) {
      const name = poolName(local.service ?? 0, local.address);
      this.#pools.set(name, [...(this.#pools.get(name) ?? []), local]);
    }
  }

  /** What a new connection asks for, in order. */
  *candidates({ id }: ServiceConfig, { address }: ServerConfig): Generator<Candidate> {
    const pool = this.#pools.get(poolName(id, address)) ?? this.#pools.get(poolName(0, address));
    if (pool === undefined) return;
    const total = pool.length * Math.max(...pool.map(({ first, last }) => last - first + 1));
    const start = this.#start();
    for (let i = 0; i < Math.min(TRIES, total); i++) {
      const candidate = Number((start + BigInt(i) * STRIDE) % BigInt(total));
      const local = pool[candidate % pool.length]!;
      const port = local.first + Math.floor(candidate / pool.length);
      if (port <= local.last) yield { address: addressBytes(local.address), port };
    }
  }
}

function poolName(service: number, address: string): string {
  return `${service} ${familyOf(address)}`;
}
