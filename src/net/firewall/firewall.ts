/**
 * Keeps the kernel from answering on addresses that are held (`no_accept`): a table of nftables for each
 * holder, made and deleted as a whole (ADR 0010). XDP is before it: what services forward is untouched.
 */
import { errorName, NetlinkSocket } from 'netio';
import type { Address } from '../../core/model/model.ts';
import { KernelError } from '../facts.ts';
import { body } from '../kernel/attributes.ts';
import { NLM_F, NLMSG } from '../kernel/constants.ts';
import { formatMessage, type Message, parseMessages } from '../kernel/message.ts';
import { kernelError } from '../kernel/request-socket.ts';
import { acceptNeighbourDiscovery, be32, dropAddress, nest, text } from './expressions.ts';

export interface Blocked {
  readonly address: Address;
  /** Of the interface that it is on. */
  readonly ifindex: number;
}

export interface Firewall {
  /** Exactly these from now on; none: as if the holder had never been. Rejects with a KernelError. */
  block(holder: string, addresses: readonly Blocked[]): Promise<void>;
  /** The tables of this process go with it. */
  close(): void;
}

const NETLINK_NETFILTER = 12;
const BATCH = { BEGIN: 0x10, END: 0x11 } as const;
const SUBSYSTEM = 10;
const MESSAGE = { NEWTABLE: 0, DELTABLE: 2, NEWCHAIN: 3, NEWRULE: 6 } as const;
const NFPROTO_INET = 1;
const TABLE = { NAME: 1, FLAGS: 2 } as const;
/** The table belongs to the socket that made it and is gone with it, also where the process is killed. */
const TABLE_OWNER = 2;
const CHAIN = { TABLE: 1, NAME: 3, HOOK: 4, TYPE: 7 } as const;
const HOOK = { NUMBER: 1, PRIORITY: 2 } as const;
const LOCAL_IN = 1;
/** As keepalived has it: before the operator's own chains, which mostly have 0. */
const PRIORITY = -1;
const RULE = { TABLE: 1, CHAIN: 2, EXPRESSIONS: 4 } as const;
const NAME_OF_CHAIN = 'input';
/** Milliseconds. */
const ANSWER_TIMEOUT = 5000;

type Order = readonly [type: number, flags: number, body: Buffer];

interface Waiting {
  readonly left: Set<number>;
  readonly settle: (code: string | null) => void;
}

/** Opens its socket at the first use: without one, nothing of nftables is loaded. */
export class NftFirewall implements Firewall {
  readonly #tables = new Set<string>();
  #socket: NetlinkSocket | undefined;
  #sequence = 0;
  #waiting: Waiting | undefined;
  #last: Promise<void> = Promise.resolve();

  block(holder: string, addresses: readonly Blocked[]): Promise<void> {
    // One batch after the other: their answers are told apart by nothing else.
    const done = this.#last.then(() => this.#block(`xlb_${holder}`, addresses));
    this.#last = done.catch(() => {});
    return done;
  }

  close(): void {
    this.#socket?.close();
    this.#settle('ECANCELED');
  }

  async #block(table: string, addresses: readonly Blocked[]): Promise<void> {
    const before: Order[] = this.#tables.has(table) ? [[MESSAGE.DELTABLE, 0, named(table)]] : [];
    const orders = addresses.length === 0 ? before : [...before, ...tableOf(table, addresses)];
    if (orders.length === 0) return;
    const code = await this.#send(orders);
    if (code !== null) {
      const list = addresses.map(({ address }) => address).join(', ');
      throw new KernelError(list === '' ? `delete the table ${table} of nftables` : `no_accept for ${list}`, code);
    }
    if (addresses.length === 0) this.#tables.delete(table);
    else this.#tables.add(table);
  }

  /** All of it or nothing. Resolves with an errno name, null: done. */
  #send(orders: readonly Order[]): Promise<string | null> {
    const numbered = orders.map(([type, flags, content]): Message => {
      return { type: (SUBSYSTEM << 8) | type, flags: flags | ASKING, sequence: ++this.#sequence, body: content };
    });
    const frame = (type: number): Message => ({ type, flags: NLM_F.REQUEST, sequence: 0, body: header(0, SUBSYSTEM) });
    const messages = [frame(BATCH.BEGIN), ...numbered, frame(BATCH.END)];
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle('ETIMEDOUT'), ANSWER_TIMEOUT);
      const settle = (code: string | null) => {
        clearTimeout(timer);
        resolve(code);
      };
      this.#waiting = { left: new Set(numbered.map(({ sequence }) => sequence)), settle };
      try {
        this.#socket ??= this.#open();
        this.#socket.send(Buffer.concat(messages.map(formatMessage)));
      } catch (error) {
        this.#settle(kernelError('', error).code);
      }
    });
  }

  #open(): NetlinkSocket {
    return new NetlinkSocket({
      protocol: NETLINK_NETFILTER,
      onData: (data) => {
        for (const message of parseMessages(data)) this.#hear(message);
      },
      onOverrun: () => this.#settle('ENOBUFS'),
      onError: (code) => this.#settle(code),
    });
  }

  #hear({ type, sequence, body: content }: Message): void {
    if (type !== NLMSG.ERROR || this.#waiting === undefined) return;
    const result = content.readInt32LE(0);
    // Of the batch as a whole where the kernel has no nftables.
    if (result < 0) this.#settle(errorName(result));
    else if (this.#waiting.left.delete(sequence) && this.#waiting.left.size === 0) this.#settle(null);
  }

  #settle(code: string | null): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.settle(code);
  }
}

const ASKING = NLM_F.REQUEST | NLM_F.ACK;

function tableOf(table: string, addresses: readonly Blocked[]): Order[] {
  const hook = nest([
    [HOOK.NUMBER, be32(LOCAL_IN)],
    [HOOK.PRIORITY, be32(PRIORITY)],
  ]);
  const chain = body(header(NFPROTO_INET), [
    [CHAIN.TABLE, text(table)],
    [CHAIN.NAME, text(NAME_OF_CHAIN)],
    [CHAIN.HOOK, hook],
    [CHAIN.TYPE, text('filter')],
  ]);
  const rules = [acceptNeighbourDiscovery(), ...addresses.map(({ address, ifindex }) => dropAddress(address, ifindex))];
  const create = NLM_F.CREATE;
  return [
    [MESSAGE.NEWTABLE, create | NLM_F.EXCL, named(table, [TABLE.FLAGS, be32(TABLE_OWNER)])],
    [MESSAGE.NEWCHAIN, create, chain],
    ...rules.map((rule): Order => [MESSAGE.NEWRULE, create | NLM_F.APPEND, ruleBody(table, rule)]),
  ];
}

function ruleBody(table: string, expressions: Buffer): Buffer {
  return body(header(NFPROTO_INET), [
    [RULE.TABLE, text(table)],
    [RULE.CHAIN, text(NAME_OF_CHAIN)],
    [RULE.EXPRESSIONS, expressions],
  ]);
}

function named(table: string, ...more: readonly (readonly [number, Buffer])[]): Buffer {
  return body(header(NFPROTO_INET), [[TABLE.NAME, text(table)], ...more]);
}

/** struct nfgenmsg; the resource in network order. */
function header(family: number, resource = 0): Buffer {
  return Buffer.of(family, 0, resource >> 8, resource & 255);
}
