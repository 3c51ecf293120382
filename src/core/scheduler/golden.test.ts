/**
 * The decisions of the real IPVS, replayed: which real server each new
 * connection got, with the connections that every server had at that moment.
 */
import { describe, expect, test } from 'vitest';
import {
  commandOf,
  commandsOf,
  flowOf,
  type Opening,
  readTraces,
  type ServerLoad,
  type Trace,
} from '../../../test/support/golden-trace.ts';
import { applyCommand, emptyModel } from '../model/apply-command.ts';
import type { Command } from '../model/command.ts';
import type { Model, RealServer, VirtualService } from '../model/model.ts';
import type { Load } from './candidate.ts';
import { overloadedAfterClosing, overloadedAfterOpening } from './overload.ts';
import { AT_REST, afterEdit, choose, initialState, type SchedulerState } from './scheduler.ts';

const TRACES = readTraces();

/** A service that its commands lead to, and its scheduler, which sees them one by one. */
class Replay {
  readonly #trace: Trace;
  #model: Model = emptyModel;
  state: SchedulerState;
  readonly #overloaded = new Map<string, boolean>();
  #totals = new Map<string, number>();

  constructor(trace: Trace) {
    this.#trace = trace;
    const [add, ...servers] = commandsOf(trace);
    this.#model = applied(this.#model, add!);
    this.state = initialState(this.service);
    for (const command of servers) this.#edit(command);
  }

  get service(): VirtualService {
    return [...this.#model.services.values()][0]!;
  }

  /** What was chosen at each opening. */
  run(): (string | null)[] {
    return this.#trace.steps.flatMap((step) => {
      if (step.do === 'open') return [this.open(step)];
      if (step.do === 'ipvsadm') this.#edit(commandOf(this.#trace, step.args));
      return [];
    });
  }

  open(step: Opening): string | null {
    expect(step.before.map(({ addr }) => addr)).toEqual(this.service.servers.map(({ key }) => key.address));
    const load = this.loads(step);
    const [server, next] = choose(this.service, this.state, flowOf(step), { ...AT_REST, load });
    this.state = next;
    this.opened(step, server);
    return server?.key.address ?? null;
  }

  /** Connections that ended since the last step may have freed a server. */
  loads({ before }: Opening): (server: RealServer) => Load {
    for (const load of before) this.#ended(load);
    return (server) => {
      const { active, inactive } = before.find(({ addr }) => addr === server.key.address)!;
      return { active, inactive, overloaded: this.#overloaded.get(server.key.address) ?? false };
    };
  }

  opened({ before }: Opening, server: RealServer | null): void {
    this.#totals = new Map(before.map((load) => [load.addr, total(load)]));
    if (server === null) return;
    const { address } = server.key;
    const connections = this.#totals.get(address)! + 1;
    this.#totals.set(address, connections);
    this.#overloaded.set(address, overloadedAfterOpening(server, connections, this.#overloaded.get(address) ?? false));
  }

  #ended(load: ServerLoad): void {
    const server = this.service.servers.find(({ key }) => key.address === load.addr)!;
    for (let left = (this.#totals.get(load.addr) ?? 0) - 1; left >= total(load); left--) {
      const before = this.#overloaded.get(load.addr) ?? false;
      this.#overloaded.set(load.addr, overloadedAfterClosing(server, left, before));
    }
  }

  #edit(command: Command): void {
    const before = this.service;
    this.#model = applied(this.#model, command);
    this.state = afterEdit(before, this.service, this.state);
  }
}

test('all traces are here', () => {
  expect(TRACES).toHaveLength(75);
});

describe.each(TRACES.filter(({ name }) => name !== 'twos'))('$name', (trace) => {
  test('every connection goes where IPVS sent it', () => {
    const choices = trace.steps.flatMap((step) => (step.do === 'open' ? [step.chosen] : []));
    expect(new Replay(trace).run()).toEqual(choices);
  });
});

test('twos: each server gets as many connections as the draws give it, within five standard deviations', () => {
  const trace = TRACES.find(({ name }) => name === 'twos')!;
  const replay = new Replay(trace);
  const surplus = new Map<string, { sum: number; variance: number }>();
  for (const step of trace.steps) {
    if (step.do !== 'open') continue;
    const load = replay.loads(step);
    const chances = everyDraw(replay.service, (random) =>
      choose(replay.service, replay.state, flowOf(step), { load, random, now: 0 }),
    );
    for (const server of replay.service.servers) {
      const chance = chances.get(server) ?? 0;
      const { address } = server.key;
      const { sum, variance } = surplus.get(address) ?? { sum: 0, variance: 0 };
      const got = step.chosen === address ? 1 : 0;
      surplus.set(address, { sum: sum + got - chance, variance: variance + chance * (1 - chance) });
    }
    replay.opened(step, replay.service.servers.find(({ key }) => key.address === step.chosen) ?? null);
  }
  for (const { sum, variance } of surplus.values()) expect(Math.abs(sum)).toBeLessThan(5 * Math.sqrt(variance));
});

/** How likely each server is, from every pair of numbers that can be drawn. */
function everyDraw(
  { servers }: VirtualService,
  decide: (random: () => number) => [RealServer | null, SchedulerState],
): Map<RealServer, number> {
  const numbers = servers.reduce((sum, { weight }) => sum + weight, 0) + 1;
  const chances = new Map<RealServer, number>();
  for (let draw = 0; draw < numbers * numbers; draw++) {
    const pair = [draw % numbers, Math.floor(draw / numbers)];
    const [server] = decide(() => pair.shift()!);
    chances.set(server!, (chances.get(server!) ?? 0) + 1 / (numbers * numbers));
  }
  return chances;
}

function applied(model: Model, command: Command): Model {
  const applied = applyCommand(model, command);
  if ('error' in applied) throw new Error(applied.error.message);
  return applied.model;
}

function total({ active, inactive }: ServerLoad): number {
  return active + inactive;
}
