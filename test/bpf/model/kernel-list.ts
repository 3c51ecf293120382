/**
 * rr and wrr as the kernel has them: a linked list that new servers join at its
 * head, and a cursor into it (net/netfilter/ipvs/ip_vs_rr.c, ip_vs_wrr.c).
 */
export interface ListedServer {
  readonly address: string;
  weight: number;
}

export class KernelList {
  readonly #scheduler: 'rr' | 'wrr';
  readonly servers: ListedServer[] = [];
  /** The server chosen last; null: the head of the list. */
  #cursor: ListedServer | null = null;
  #currentWeight = 0;

  constructor(scheduler: 'rr' | 'wrr') {
    this.#scheduler = scheduler;
  }

  add(address: string, weight: number): void {
    this.servers.unshift({ address, weight });
    this.#edited();
  }

  setWeight(address: string, weight: number): void {
    const server = this.servers.find((candidate) => candidate.address === address);
    if (server !== undefined) server.weight = weight;
    this.#edited();
  }

  delete(address: string): void {
    const at = this.servers.findIndex((candidate) => candidate.address === address);
    if (this.servers[at] === this.#cursor) this.#cursor = this.servers[at - 1] ?? null;
    this.servers.splice(at, 1);
    this.#edited();
  }

  /** Address of the server for a new connection, or null. */
  choose(): string | null {
    if (!this.servers.some((server) => server.weight > 0)) return null;
    return this.#scheduler === 'rr' ? this.#chooseRr() : this.#chooseWrr();
  }

  #chooseRr(): string {
    const start = this.#position() + 1;
    const order = [...this.servers.slice(start), ...this.servers.slice(0, start)];
    const chosen = order.find((server) => server.weight > 0) as ListedServer;
    this.#cursor = chosen;
    return chosen.address;
  }

  #chooseWrr(): string {
    let at = this.#position();
    for (;;) {
      at++;
      const server = this.servers[at];
      if (server === undefined) {
        at = -1;
        this.#currentWeight -= this.#step();
        if (this.#currentWeight <= 0) this.#currentWeight = this.#top();
      } else if (server.weight >= this.#currentWeight) {
        this.#cursor = server;
        return server.address;
      }
    }
  }

  /** ip_vs_wrr_dest_changed; rr keeps its cursor. */
  #edited(): void {
    if (this.#scheduler === 'rr') return;
    this.#cursor = null;
    const step = this.#step();
    if (this.#currentWeight > this.#top() || this.#currentWeight === 0) this.#currentWeight = this.#top();
    else if (step > 1) this.#currentWeight = Math.floor(this.#currentWeight / step) * step + 1;
  }

  #position(): number {
    return this.#cursor === null ? -1 : this.servers.indexOf(this.#cursor);
  }

  /** Greatest common divisor of the weights; the kernel's is 1 where there are none. */
  #step(): number {
    return this.servers.reduce((divisor, { weight }) => gcd(divisor, weight), 0) || 1;
  }

  /** Where a pass starts. */
  #top(): number {
    const most = Math.max(0, ...this.servers.map(({ weight }) => weight));
    return most === 0 ? 0 : most - (this.#step() - 1);
  }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
