/** The controller's maps in memory, for tests: executes operations and finds dangling references. */
import {
  type Interface,
  type Limit,
  type NextHop,
  type RealServer,
  ScheduleLimit,
  type ScheduleLine,
  type Service,
} from '../../dataplane/types.gen.ts';
import { addressFromWords } from '../model/address.ts';
import { type ListedElement, listedByKey, NO_LIMIT, sameLimit } from './limits.ts';
import { localPoolsByKey } from './local-pools.ts';
import { elementsByKey, type MarkElement, nameOf } from './mark-plan.ts';
import { byKey, type NatServerElement } from './nat-servers.ts';
import type { Have, Operation } from './operations.ts';
import type { Limits } from './reconciler.ts';
import type { Thresholds } from './thresholds.ts';
import { vipFilterBit } from './vip-filter.ts';

export class FakeMaps {
  private readonly limits: Limits;
  private readonly services = new Map<string, Service>();
  private readonly lines = new Map<number, ScheduleLine>();
  private readonly nextHops = new Map<number, NextHop>();
  private readonly interfaces = new Map<number, Interface>();
  private readonly txPorts = new Map<number, number>();
  private readonly filter = new Map<number, bigint>();
  private readonly thresholds = new Map<number, Thresholds>();
  private readonly marks = new Map<string, MarkElement>();
  private readonly natServers = new Map<string, NatServerElement>();
  private readonly limitById = new Map<number, Limit>();
  private readonly listed = new Map<string, ListedElement>();
  private readonly localPools = new Map<string, Extract<Operation, { op: 'set-local-pool' }>>();

  constructor(limits: Limits) {
    this.limits = limits;
  }

  execute(operation: Operation): void {
    switch (operation.op) {
      case 'zero':
        for (const id of operation.serverIds) this.thresholds.delete(id);
        return;
      case 'set-thresholds': {
        const { id, upper, lower } = operation;
        if (upper === 0 && lower === 0) this.thresholds.delete(id);
        else this.thresholds.set(id, { upper, lower });
        return;
      }
      case 'write-interface':
        this.interfaces.set(operation.slot, operation.value);
        return;
      case 'set-tx-port':
        this.txPorts.set(operation.slot, operation.ifindex);
        return;
      case 'delete-tx-port':
        this.txPorts.delete(operation.slot);
        return;
      case 'write-next-hop':
      case 'store-next-hop':
        this.nextHops.set(operation.id, operation.value);
        return;
      case 'write-lines':
        operation.lines.forEach((line, i) => {
          this.lines.set(operation.line + i, line);
        });
        return;
      case 'write-filter':
        this.filter.set(operation.word, operation.value);
        return;
      case 'set-service':
        this.services.set(JSON.stringify(operation.key), operation.value);
        return;
      case 'delete-service':
        this.services.delete(JSON.stringify(operation.key));
        return;
      default:
        this.executeElement(operation);
    }
  }

  /** Of maps that have elements by key, or by id and not for each. */
  private executeElement(operation: Operation): void {
    switch (operation.op) {
      case 'set-nat-server':
        this.natServers.set(JSON.stringify(operation.key), operation);
        return;
      case 'delete-nat-server':
        this.natServers.delete(JSON.stringify(operation.key));
        return;
      default:
        this.executeOnRules(operation);
    }
  }

  /** Of limits and marks. */
  private executeOnRules(operation: Operation): void {
    switch (operation.op) {
      case 'set-limit':
        if (sameLimit(operation.value, NO_LIMIT)) this.limitById.delete(operation.id);
        else this.limitById.set(operation.id, operation.value);
        return;
      case 'set-listed':
        this.listed.set(JSON.stringify(operation.key), operation);
        return;
      case 'delete-listed':
        this.listed.delete(JSON.stringify(operation.key));
        break;
      case 'set-local-pool':
        this.localPools.set(JSON.stringify(operation.key), operation);
        break;
      case 'delete-local-pool':
        this.localPools.delete(JSON.stringify(operation.key));
        break;
      case 'set-mark':
        this.marks.set(nameOf(operation.element), operation.element);
        break;
      case 'delete-mark':
        this.marks.delete(nameOf(operation.element));
        break;
      default:
        throw new Error(`no map takes ${operation.op}`);
    }
  }

  have(): Have {
    const nonZero = (value: Interface) => value.ifindex !== 0;
    return {
      services: [...this.services.values()],
      line: (line) => (line < this.limits.lines ? (this.lines.get(line) ?? {}) : undefined),
      nextHops: new Map(this.nextHops),
      interfaces: new Map([...this.interfaces].filter(([, value]) => nonZero(value))),
      txPorts: new Map(this.txPorts),
      filter: new Map([...this.filter].filter(([, value]) => value !== 0n)),
      thresholds: new Map(this.thresholds),
      marks: elementsByKey([...this.marks.values()]),
      natServers: byKey([...this.natServers.values()]),
      limits: { limits: new Map(this.limitById), listed: listedByKey([...this.listed.values()]) },
      localPools: localPoolsByKey([...this.localPools.values()]),
    };
  }

  slot(service: number, index: number): RealServer | undefined {
    const line = [...this.services.values()][service]?.schedule ?? 0;
    return this.lines.get(line + index)?.server;
  }

  /** Addresses of the servers that get turns, in their order. */
  serverOrder(service: number): string[] {
    const element = [...this.services.values()][service];
    const turns = this.lines.get(element?.turns_line ?? 0)?.turns?.slice(0, element?.turn_count) ?? [];
    return turns.map(({ index }) => addressFromWords(4, this.slot(service, index)?.address.word ?? []));
  }

  /** Throws where a published service refers to what is not there. */
  checkReferences(): void {
    const lines = new Set<number>();
    for (const service of this.services.values()) {
      this.checkFilter(service);
      this.checkLines(service, lines);
      for (let i = 0; i < service.slot_count; i++) {
        const server = this.lines.get(service.schedule + i)?.server;
        if (server === undefined) throw new Error(`service ${service.id}: slot ${i} is not a server`);
        if (server.next_hop === 0) continue;
        const hop = this.nextHops.get(server.next_hop);
        if (hop === undefined) throw new Error(`service ${service.id}: slot ${i} has no next hop`);
        if (!this.txPorts.has(hop.port - 1)) throw new Error(`next hop ${server.next_hop} leaves by no interface`);
      }
      this.checkIndexes(service);
    }
  }

  private checkFilter({ id, key }: Service): void {
    if (key.protocol === 0) return; // of a mark: its rules have the addresses
    const bit = vipFilterBit(addressFromWords(key.family as 4 | 6, key.address.word));
    const word = this.filter.get(bit >> 6) ?? 0n;
    if (((word >> BigInt(bit & 63)) & 1n) === 0n) throw new Error(`service ${id}: its address is not in the filter`);
  }

  /** `lines`: those of the services before. */
  private checkLines({ id, schedule, ring_line, ring_size }: Service, lines: Set<number>): void {
    for (let line = schedule; line < ring_line + ring_size / ScheduleLimit.RING_SLOTS_PER_LINE; line++) {
      if (line >= this.limits.lines) throw new Error(`service ${id}: line ${line} is outside the map`);
      if (lines.has(line)) throw new Error(`service ${id}: line ${line} is another service's too`);
      lines.add(line);
    }
  }

  private checkIndexes(service: Service): void {
    const indexes: number[] = [];
    for (let i = 0; i * ScheduleLimit.TURNS_PER_LINE < service.turn_count; i++) {
      const turns = this.lines.get(service.turns_line + i)?.turns ?? [];
      indexes.push(...turns.slice(0, service.turn_count - i * ScheduleLimit.TURNS_PER_LINE).map(({ index }) => index));
    }
    for (let i = 0; i * 32 < service.ring_size; i++) {
      const ring = this.lines.get(service.ring_line + i)?.ring ?? [];
      indexes.push(...ring.slice(0, service.ring_size - i * 32));
    }
    if (indexes.length < service.turn_count + service.ring_size)
      throw new Error(`service ${service.id}: lines missing`);
    const bad = indexes.find((index) => index >= service.slot_count);
    if (bad !== undefined) throw new Error(`service ${service.id}: index ${bad} has no slot`);
  }
}
