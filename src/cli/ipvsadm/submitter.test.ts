import { describe, expect, it } from 'vitest';
import type { Command } from '../../core/model/command.ts';
import type { Address } from '../../core/model/model.ts';
import type { IpvsBackend, Refusal } from './backend.ts';
import { Submitter } from './submitter.ts';

function add(port: number): Command {
  return { type: 'service.add', service: { protocol: 'tcp', address: '10.0.0.1' as Address, port, scheduler: 'rr' } };
}

function portOf(command: Command): number {
  return command.type === 'service.add' && 'port' in command.service ? command.service.port : 0;
}

/** Refuses the ports that `refuse` names, and tells what was done, request by request. */
function setUp(refuse: (port: number, request: number) => boolean, limit: number, says?: Partial<Refusal>) {
  const done: number[] = [];
  const told: string[] = [];
  let requests = 0;
  const execute: IpvsBackend['execute'] = async (commands) => {
    requests += 1;
    const index = commands.findIndex((command) => refuse(portOf(command), requests));
    if (index >= 0) return { code: 'service-exists', message: '', path: '', index, ...says };
    done.push(...commands.map(portOf));
    return undefined;
  };
  const submitter = new Submitter({ execute } as IpvsBackend, (line) => told.push(line), limit);
  return { submitter, done, told, requests: () => requests };
}

async function submitAll(submitter: Submitter, ports: readonly number[]): Promise<number> {
  for (const port of ports) await submitter.submit('add-service', add(port));
  return submitter.settle();
}

const PORTS = Array.from({ length: 1000 }, (_, index) => index + 1);

describe('Submitter', () => {
  it('gives batches of the limit', async () => {
    const { submitter, done, requests } = setUp(() => false, 100);
    expect(await submitAll(submitter, PORTS)).toBe(0);
    expect(done).toEqual(PORTS);
    expect(requests()).toBe(10);
  });

  it('does everything but what is refused, in order', async () => {
    const { submitter, done, told } = setUp((port) => port % 7 === 0, 100);
    expect(await submitAll(submitter, PORTS)).toBe(0);
    expect(done).toEqual(PORTS.filter((port) => port % 7 !== 0));
    expect(told).toEqual(PORTS.filter((port) => port % 7 === 0).map(() => 'Service already exists'));
  });

  it('has the status of the last command', async () => {
    expect(await submitAll(setUp((port) => port === 3, 100).submitter, [1, 2, 3])).toBe(255);
    expect(await submitAll(setUp((port) => port === 3, 100).submitter, [1, 2, 3, 4])).toBe(0);
    expect(await submitAll(setUp(() => true, 100).submitter, [])).toBe(0);
  });

  it('asks about as often as there are commands where all are refused', async () => {
    const { submitter, done, told, requests } = setUp(() => true, 1000);
    expect(await submitAll(submitter, PORTS)).toBe(255);
    expect(done).toEqual([]);
    expect(told.length).toBe(1000);
    expect(requests()).toBe(1000);
  });

  it('finds the culprit alone where the daemon does not name it', async () => {
    const says = { code: 'too-many', message: 'no room for service 3', index: undefined };
    const { submitter, done, told } = setUp((port) => port === 3, 100, says);
    expect(await submitAll(submitter, [1, 2, 3, 4])).toBe(0);
    expect(done).toEqual([1, 2, 4]);
    expect(told).toEqual(['no room for service 3']);
  });

  it('tries again what was right in a batch and is refused without the rest', async () => {
    const { submitter, done, told } = setUp((port, request) => port === 3 || (port === 1 && request === 2), 100);
    expect(await submitAll(submitter, [1, 2, 3, 4])).toBe(0);
    expect(done).toEqual([1, 2, 4]);
    expect(told).toEqual(['Service already exists']);
  });
});
