import { describe, expect, it } from 'vitest';
import type { ConnectionFilter } from '../../api/protocol/connection-filter.ts';
import type { Connection } from '../../api/protocol/connections.ts';
import type { Address } from '../../core/model/model.ts';
import type { Entry } from '../../core/reconcile/reconciler.ts';
import type { RawConnection, RawFilter } from '../../dataplane/connections.ts';
import type { RawTemplate } from '../../dataplane/templates.ts';
import { ConnectionState } from '../../dataplane/types.gen.ts';
import { listConnections } from './connections.ts';

const key = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;
const slot = (address: string, id: number) => ({
  ...{ key: { address: address as Address, port: 80 }, id, retiredAt: null, predecessor: -1 },
});
const entry: Entry = {
  ...{ key, id: 5, generation: 0, slots: [slot('10.0.0.1', 1), undefined, slot('10.0.0.2', 2)], order: [0, 2] },
  ...{ region: null, content: null, element: null, source: null, deletedAt: null },
};
const entries = new Map([['tcp 192.0.2.1:80', entry]]);

const raw = (realServerId: number, changes: Partial<RawConnection> = {}): RawConnection => ({
  ...{ serviceId: 5, realServerId, protocol: 6, source: [0xc6336407, 0, 0, 0], sourcePort: 40000 },
  ...{ destination: [0xc0000201, 0, 0, 0], destinationPort: 80 },
  ...{ state: ConnectionState.CONNECTION_ESTABLISHED, expires: 900, age: 30 },
  ...changes,
});

async function list(
  filter: ConnectionFilter,
  found = [raw(1), raw(2, { age: 5 })],
  signal = new AbortController().signal,
  templates: readonly RawTemplate[] = [],
) {
  const asked: RawFilter[] = [];
  const scan = (first: number, _end: number, _now: number, wanted: RawFilter = {}) => {
    asked.push(wanted);
    return first === 0 ? found : [];
  };
  const listed: Connection[] = [];
  const sources = { table: { slots: 100_000, scan }, templates: () => templates, entries, clock: () => 0 };
  for await (const batch of listConnections(sources, filter, signal)) listed.push(...batch);
  return { asked, listed };
}

describe('listConnections', () => {
  it('has names for ids', async () => {
    const { listed, asked } = await list({});
    expect(listed[0]).toEqual({
      protocol: 'tcp',
      client: { address: '198.51.100.7', port: 40000 },
      virtual: { address: '192.0.2.1', port: 80 },
      server: { address: '10.0.0.1', port: 80 },
      service: '192.0.2.1:80/tcp',
      state: 'ESTABLISHED',
      expires_s: 900,
      age_s: 30,
    });
    expect(asked).toHaveLength(4);
  });

  it('shows the port that a persistent service leaves as it is', async () => {
    const element = { persistence: 300 } as Entry['element'];
    const ftp: Entry = {
      ...entry,
      key: { ...key, port: 21 },
      slots: [{ ...slot('10.0.0.1', 1), key: { address: '10.0.0.1' as Address, port: 8080 } }],
      element,
    };
    const sources = { templates: () => [], clock: () => 0, entries: new Map([['tcp 192.0.2.1:21', ftp]]) };
    const scan = (first: number) => (first === 0 ? [raw(1, { destinationPort: 21 }), raw(1)] : []);
    const listed: Connection[] = [];
    const batches = listConnections({ ...sources, table: { slots: 1, scan } }, {}, new AbortController().signal);
    for await (const batch of batches) listed.push(...batch);
    expect(listed.map(({ virtual, server }) => [virtual.port, server.port])).toEqual([
      [21, 8080],
      [80, 80],
    ]);
  });

  it('leaves out what belongs to nobody any more', async () => {
    expect((await list({}, [raw(7), raw(1, { serviceId: 9 })])).listed).toEqual([]);
  });

  it('filters in the table where it can, and by names otherwise', async () => {
    const real = { address: '10.0.0.2' as Address, port: undefined };
    const byServer = await list({ real, service: key, state: 'ESTABLISHED' });
    expect(byServer.asked[0]).toEqual({ realServerIds: new Set([2]), serviceId: 5, states: new Set([1, 21]) });
    expect(byServer.listed.map(({ server }) => server.address)).toEqual(['10.0.0.2']);
    expect((await list({ minAge: 10 })).listed).toHaveLength(1);
    const client = { address: '198.51.100.7' as Address, port: 40000 };
    expect((await list({ client })).asked[0]).toEqual({ source: [0xc6336407, 0, 0, 0], sourcePort: 40000 });
  });

  it('looks at nothing for a service that is not there', async () => {
    expect((await list({ service: { ...key, port: 81 } })).asked).toEqual([]);
  });

  it('stops when the client is gone', async () => {
    expect((await list({}, [raw(1)], AbortSignal.abort())).asked).toEqual([]);
  });
});

describe('templates', () => {
  const template = { serviceId: 5, realServerId: 2, client: [0xc6336400, 0, 0, 0], expires: 59, connections: 1 };
  const templates = [
    { ...template, assured: true },
    { ...template, realServerId: 1, assured: false },
    { ...template, realServerId: 9, assured: true },
  ];
  const signal = new AbortController().signal;

  it("stand among the connections, without the client's port", async () => {
    const { listed } = await list({}, [], signal, templates);
    expect(listed).toEqual([
      {
        protocol: 'tcp',
        client: { address: '198.51.100.0', port: 0 },
        virtual: { address: '192.0.2.1', port: 80 },
        server: { address: '10.0.0.2', port: 80 },
        service: '192.0.2.1:80/tcp',
        state: 'ASSURED',
        expires_s: 59,
        age_s: 0,
      },
      expect.objectContaining({ state: 'NONE', server: { address: '10.0.0.1', port: 80 } }),
    ]);
  });

  it('are looked for alone where ASSURED is asked for', async () => {
    const { listed, asked } = await list({ state: 'ASSURED' }, [raw(1)], signal, templates);
    expect(listed.map(({ state }) => state)).toEqual(['ASSURED']);
    expect(asked).toEqual([]);
  });
});
