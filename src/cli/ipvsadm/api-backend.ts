/** The daemon behind its API, as ipvsadm's commands need it. */
import { ApiError, type Client } from '../../api/client.ts';
import type { Connection } from '../../api/protocol/connections.ts';
import type { ServiceReport } from '../../api/protocol/services.ts';
import type { StatusReport } from '../../api/protocol/status.ts';
import type { Command } from '../../core/model/command.ts';
import type { ServiceKey } from '../../core/model/model.ts';
import type { IpvsBackend, Refusal } from './backend.ts';
import { Exit } from './exit.ts';

/** Codes of a daemon that did not get as far as to refuse. */
const NO_ANSWER: readonly string[] = ['unreachable', 'broken-answer'];

/** Every method throws Exit where there is no answer, as ipvsadm exits where the kernel has no IPVS. */
export class ApiBackend implements IpvsBackend {
  readonly #client: Client;
  readonly #user: string;

  /** @param user who asks; shown with what was changed */
  constructor(client: Client, user: string) {
    this.#client = client;
    this.#user = user;
  }

  async services(key?: ServiceKey): Promise<readonly ServiceReport[]> {
    try {
      if (key === undefined) return (await this.#client.services()).services;
      return [await this.#client.service(key)];
    } catch (error) {
      if (error instanceof ApiError && error.code === 'no-such-service') return [];
      return giveUp(error);
    }
  }

  async *connections(): AsyncGenerator<readonly Connection[], boolean> {
    try {
      return yield* this.#client.connections();
    } catch (error) {
      return giveUp(error);
    }
  }

  async execute(commands: readonly Command[]): Promise<Refusal | undefined> {
    try {
      await this.#client.execute(commands, { user: this.#user });
      return undefined;
    } catch (error) {
      return refusalOf(error);
    }
  }

  async zero(key?: ServiceKey): Promise<Refusal | undefined> {
    try {
      await this.#client.zero(key);
      return undefined;
    } catch (error) {
      return refusalOf(error);
    }
  }

  async tableSize(): Promise<number> {
    const { table } = await this.#client.stats().catch(giveUp);
    return table.capacity;
  }

  async syncDaemons(): Promise<StatusReport['sync_daemons']> {
    return (await this.#client.status().catch(giveUp)).sync_daemons;
  }

  async timeouts(): Promise<{ tcp: number; tcpFin: number; udp: number }> {
    const { timeouts } = await this.#client.status().catch(giveUp);
    return { tcp: timeouts.tcp_s, tcpFin: timeouts.tcp_fin_s, udp: timeouts.udp_s };
  }
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ApiError) || NO_ANSWER.includes(error.code)) return giveUp(error);
  return { code: error.code, message: error.message, path: error.commandPath, index: error.index };
}

function giveUp(error: unknown): never {
  if (!(error instanceof ApiError)) throw error;
  throw new Exit(2, { stderr: `Can't initialize ipvs: ${error.message}\n` });
}
