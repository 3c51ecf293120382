/** What another director is told of, packet by packet, and what it becomes there. */
import { type BpfRingBuffer, codec, ringBuffer, type StructLayout } from 'libbpf-ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addressWords, parseAddress } from '../../src/core/model/address.ts';
import { AdoptOutcome, ConnectionState, Option } from '../../src/dataplane/types.gen.ts';
import { chosen } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { tcp4, udp4 } from './frames.ts';
import { OPTIONS } from './settings.ts';
import { CLIENT4, markRule, markService, type ServiceConfig, server, service, VIP4, world } from './world.ts';

let plane: DataPlane;
let ring: BpfRingBuffer;
beforeAll(() => {
  plane = DataPlane.load({ adopts: true });
  ring = ringBuffer(plane.object.map('sync_events'));
});
afterAll(() => {
  ring.close();
  plane.close();
});

const SERVERS = [server(1), server(2)];

function serve(fields: Partial<ServiceConfig> = {}): void {
  plane.reset(world([service(SERVERS, fields)]));
}

/** Events since the last look. */
function told(): number {
  let count = 0;
  while (ring.poll() !== undefined) count++;
  return count;
}

/** Numbers of the packets, from 1 on, with which another director was told. */
function tellingPackets(packets: readonly (() => void)[]): number[] {
  return packets.flatMap((send, index) => {
    send();
    return told() > 0 ? [index + 1] : [];
  });
}

const tcp = (flags: string) => () => void plane.run(tcp4({ flags }));
const many = (count: number, send: () => void) => Array.from({ length: count }, () => send);

describe('when', () => {
  beforeEach(() => {
    serve();
    told();
    plane.set({ options: OPTIONS | Option.OPTION_SYNC, sync_threshold: 3, sync_period: 50, sync_refresh: 0 });
  });

  test.each<[string, Record<string, number>, readonly (() => void)[], number[]]>([
    ['the third packet and every fiftieth from there', {}, [tcp('S'), ...many(105, tcp('.'))], [3, 53, 103]],
    ['another threshold and period', { sync_threshold: 1, sync_period: 4 }, [tcp('S'), ...many(9, tcp('.'))], [5, 9]],
    ['once, without a period', { sync_period: 0 }, [tcp('S'), ...many(60, tcp('.'))], [3]],
    ['at the end at once', {}, [tcp('S'), tcp('.'), tcp('.'), tcp('F.'), tcp('.')], [3, 4]],
    ['at the end of a short one, too', {}, [tcp('S'), tcp('.'), tcp('F.')], [3]],
    ['not in SYN_RECV', {}, [tcp('S'), tcp('S'), tcp('S'), tcp('S')], []],
    ['never without a master', { options: OPTIONS }, [tcp('S'), ...many(60, tcp('.')), tcp('F.')], []],
  ])('%s', (_, settings, packets, expected) => {
    plane.set(settings);
    expect(tellingPackets(packets)).toEqual(expected);
  });

  test('UDP by its packets', () => {
    serve({ protocol: 'udp', port: 53 });
    plane.set({ options: OPTIONS | Option.OPTION_SYNC });
    expect(tellingPackets(many(60, () => void plane.run(udp4())))).toEqual([3, 53]);
  });

  test('within the refresh period once, and again as often as sync_retries says', () => {
    plane.set({ sync_period: 0, sync_refresh: 40, sync_retries: 1 });
    const second = () => {
      plane.advance(1);
      plane.run(tcp4({ flags: '.' }));
    };
    // Told at once, again after an eighth of the period, then after the period.
    expect(tellingPackets([tcp('S'), ...many(60, second)])).toEqual([2, 7, 47, 52]);
  });

  test('a connection that takes an old one up begins to count anew', () => {
    const packets = [tcp('S'), tcp('.'), tcp('.'), tcp('R')];
    expect(tellingPackets(packets)).toEqual([3, 4]);
    expect(tellingPackets([tcp('S'), tcp('.'), tcp('.')])).toEqual([3]);
  });
});

describe('a connection that another director told of', () => {
  const words = (text: string) => addressWords(parseAddress(text)!);

  function adopt(fields: Record<string, unknown> = {}, key: Record<string, unknown> = {}): number {
    const layout = plane.object.spec.types.get('adopt_arguments') as StructLayout;
    const argument = codec<Record<string, unknown>>(layout, 'adopt_arguments');
    const ctxIn = argument.encode({
      service: { address: { word: words(VIP4) }, port: 80, protocol: 6, family: 4, ...key },
      source: { word: words(CLIENT4) },
      destination: { word: words(VIP4) },
      source_port: 1000,
      destination_port: 80,
      service_id: 1,
      real_server: 2,
      index: 1,
      state: ConnectionState.CONNECTION_ESTABLISHED,
      timeout: 600,
      packets: 3,
      inactive: 0,
      protocol: key['protocol'] ?? 6,
      outcome: 0,
      ...fields,
    });
    const { retval, ctxOut } = plane.object.program('adopt_connection').testRun({ ctxIn });
    expect(retval).toBe(0);
    return argument.decode(ctxOut!)['outcome'] as number;
  }
  const next = (flags = '.') => chosen(plane, tcp4({ sport: 1000, flags }));

  beforeEach(() => serve());

  test('goes on to its real server, counted once', () => {
    expect(adopt()).toBe(AdoptOutcome.ADOPT_NEW);
    expect(plane.live(2)).toMatchObject({ active: 1, inactive: 0 });
    expect(next()).toBe(2);
    expect(adopt()).toBe(AdoptOutcome.ADOPT_KNOWN);
    expect(plane.table.entries()).toHaveLength(1);
    expect(plane.live(2)).toMatchObject({ active: 1, inactive: 0 });
    expect(plane.counted()).toMatchObject({ connections_adopted: 1 });
  });

  test('of a mark: by the rules that are here, and each protocol by itself', () => {
    plane.reset(world([markService(5, SERVERS)], { marks: [markRule({ protocols: ['tcp', 'udp'] })] }));
    const mark = { address: { word: [5, 0, 0, 0] }, port: 0, protocol: 0 };
    expect(adopt({ protocol: 6 }, mark)).toBe(AdoptOutcome.ADOPT_NEW);
    expect(next()).toBe(2);
    const udp = { protocol: 17, state: ConnectionState.CONNECTION_UDP };
    expect(adopt({ ...udp, real_server: 1, index: 0 }, mark)).toBe(AdoptOutcome.ADOPT_NEW);
    expect(chosen(plane, udp4({ sport: 1000, dport: 80 }))).toBe(1);
    expect(next()).toBe(2);
  });

  test('has the time that was told, and ends as any other', () => {
    adopt({ timeout: 30 });
    plane.advance(29);
    expect(plane.table.entries()).toHaveLength(1);
    plane.advance(1);
    plane.sweep();
    expect(plane.table.entries()).toHaveLength(0);
    expect(plane.live(2)).toMatchObject({ active: 0, inactive: 0 });
  });

  test('moves on to the state that is told later', () => {
    adopt();
    expect(adopt({ state: ConnectionState.CONNECTION_FIN_WAIT, inactive: 1 })).toBe(AdoptOutcome.ADOPT_KNOWN);
    expect(plane.table.entries()).toMatchObject([{ state: 'FIN_WAIT' }]);
    expect(plane.live(2)).toMatchObject({ active: 0, inactive: 1 });
  });

  test('replaces what went to another real server, unless it is its end', () => {
    adopt();
    const other = { real_server: 1, index: 0 };
    expect(adopt({ ...other, inactive: 1, state: ConnectionState.CONNECTION_CLOSE })).toBe(AdoptOutcome.ADOPT_OUTDATED);
    expect(next()).toBe(2);
    expect(adopt(other)).toBe(AdoptOutcome.ADOPT_REPLACED);
    expect(next()).toBe(1);
    expect([plane.live(1), plane.live(2)]).toMatchObject([{ active: 1 }, { active: 0 }]);
  });

  test.each([
    ['an id that is another service', { service_id: 2 }, {}],
    ['an id that is another real server', { real_server: 1 }, {}],
    ['a slot that is not there', { index: 9 }, {}],
    ['a service that is not there', {}, { port: 81 }],
  ])('changes nothing with %s', (_, fields, key) => {
    expect(adopt(fields, key)).toBe(AdoptOutcome.ADOPT_GONE);
    expect(plane.table.entries()).toHaveLength(0);
  });

  test('is told on as if this director had told it', () => {
    adopt();
    plane.set({ options: OPTIONS | Option.OPTION_SYNC });
    told();
    expect(tellingPackets(many(60, () => void plane.run(tcp4({ sport: 1000, flags: '.' }))))).toEqual([50]);
    plane.set({ options: OPTIONS });
  });
});
