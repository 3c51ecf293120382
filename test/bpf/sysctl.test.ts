/** IPVS's sysctls, each as it changes what becomes of packets. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Option } from '../../src/dataplane/types.gen.ts';
import { chosen, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, tcp4, tcp6, udp4 } from './frames.ts';
import { OPTIONS } from './settings.ts';
import { server, service, VIP4, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
beforeEach(() => {
  const servers = [server(1), server(2)];
  plane.reset(world([service(servers), service(servers, { id: 2, protocol: 'udp', port: 53 })]));
});
afterAll(() => plane.close());

const OLD = OPTIONS & ~Option.OPTION_REUSE;
const with_ = (...options: number[]) => plane.set({ options: options.reduce((all, one) => all | one, OPTIONS) });

/** The same servers, the first of them changed. */
function edit(changes: Parameters<typeof server>[1]): void {
  const servers = [server(1, changes), server(2)];
  plane.configure(world([service(servers, { generation: 2 })]));
}

describe('conn_reuse_mode', () => {
  const rows: [string, string[], number, boolean][] = [
    ['CLOSE, 0', ['S', '.', 'R'], OLD, false],
    ['CLOSE, 1', ['S', '.', 'R'], OPTIONS, true],
    ['FIN_WAIT, 1', ['S', '.', 'F.'], OPTIONS, false],
    ['FIN_WAIT, 2', ['S', '.', 'F.'], OPTIONS | Option.OPTION_REUSE_FIN_WAIT, true],
    ['ESTABLISHED, 2', ['S', '.'], OPTIONS | Option.OPTION_REUSE_FIN_WAIT, false],
  ];
  test.each(rows)('a SYN in %s', (_, flags, options, isAnew) => {
    plane.set({ options });
    for (const each of flags) plane.run(tcp4({ flags: each }));
    plane.counted();
    expect(chosen(plane, tcp4())).toBe(isAnew ? 2 : 1);
    expect(plane.counted()['connections_reused'] ?? 0).toBe(isAnew ? 1 : 0);
  });
});

describe('expire_nodest_conn', () => {
  const established = (): void => {
    for (const flags of ['S', '.']) plane.run(tcp4({ flags }));
  };

  test('0: packets of a deleted server are dropped, and go on when it returns', () => {
    established();
    edit({ available: false });
    expectPacket(plane, tcp4({ flags: '.' }), { verdict: 'drop', counted: { drop_real_server_gone: 1 } });
    edit({});
    expect(chosen(plane, tcp4({ flags: '.' }))).toBe(1);
  });

  test("1: the connection ends with its next packet, which is the kernel's", () => {
    with_(Option.OPTION_EXPIRE_NODEST_CONN);
    established();
    edit({ available: false });
    const counted = { connections_without_server: 1, pass_no_connection: 1 };
    expectPacket(plane, tcp4({ flags: '.' }), { verdict: 'pass', counted });
    expect(plane.entries()).toEqual([]);
    expect(plane.live(1)).toEqual({ active: 0, inactive: 0 });
  });

  test('1: a SYN moves on, from a server of weight 0 too', () => {
    with_(Option.OPTION_EXPIRE_NODEST_CONN);
    established();
    edit({ weight: 0 });
    expect(chosen(plane, tcp4({ flags: '.' }))).toBe(1);
    expect(chosen(plane, tcp4())).toBe(2);
  });

  test('1: a recount frees what it is told', () => {
    established();
    plane.counted();
    expect(plane.sweep(true, { gone: [1] })).toMatchObject({ alive: 0 });
    expect(plane.counted()).toEqual({ connections_without_server: 1 });
    expect(plane.live(1)).toEqual({ active: 0, inactive: 0 });
  });
});

test('sloppy_tcp: any packet but RST opens', () => {
  expectPacket(plane, tcp4({ flags: '.' }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  with_(Option.OPTION_SLOPPY_TCP);
  expectPacket(plane, tcp4({ flags: 'R' }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  expectPacket(plane, tcp4({ flags: '.' }), { verdict: 'tx', counted: { connections_created: 1, forwarded: 1 } });
  expect(plane.entries()).toMatchObject([{ state: 'ESTABLISHED', confirm: true }]);
});

test('secure_tcp: a SYN waits in SYNACK', () => {
  with_(Option.OPTION_SECURE_TCP);
  const states = ['S', 'S', '.'].map((flags) => {
    plane.run(tcp4({ flags }));
    return plane.entries()[0]?.state;
  });
  expect(states).toEqual(['SYNACK', 'SYNACK', 'ESTABLISHED']);
});

test('drop_packet: one opening packet in so many', () => {
  plane.set({ drop_rate: 4 });
  const verdicts = Array.from({ length: 12 }, (_, n) => plane.run(udp4({ sport: 1000 + n })).verdict);
  expect(verdicts.filter((verdict) => verdict === 'drop')).toHaveLength(3);
  expect(plane.counted()).toMatchObject({ drop_defense: 3, connections_created: 9 });
  expect(plane.run(udp4({ sport: 1001 })).verdict).toBe('tx');
});

test('drop_entry: half-open connections go, one in 32 at a time; established ones stay', () => {
  for (let sport = 1000; sport < 1400; sport++) plane.run(tcp4({ sport }));
  for (let sport = 1000; sport < 1100; sport++) plane.run(tcp4({ sport, flags: '.' }));
  plane.sweep(false, { shed: true });
  const once = plane.counted()['connections_shed'] ?? 0;
  expect(once).toBeLessThan(60);
  for (let pass = 0; pass < 500; pass++) plane.sweep(false, { shed: true });
  const states = plane.entries().map(({ state }) => state);
  expect(states.filter((state) => state === 'ESTABLISHED')).toHaveLength(100);
  expect(states.length).toBeLessThan(110);
});

describe('pmtu_disc 0, through a tunnel', () => {
  const serve = (outerDf: 'copy' | 'set', fields: { method?: 'dr' } = {}): void => {
    const servers = [server(1, { method: 'tun', outerDf, mtu: 600, ...fields })];
    plane.reset(world([service(servers), service(servers, { id: 2, address: VIP6 })]));
    plane.set({ options: OPTIONS & ~Option.OPTION_PMTU_DISC });
    plane.run(tcp4());
    plane.run(tcp6());
    plane.counted();
  };
  const outerDf = (): boolean => (plane.run(tcp4({ flags: '.' }, { df: true })).frame.readUInt8(20) & 0x40) !== 0;
  const large4 = arriving().ipv4({ dst: VIP4, df: true }).tcp({ flags: '.' }).payload(600).build();

  test('DF is not copied outwards; an outer DF that was asked for stays', () => {
    serve('copy');
    expect(outerDf()).toBe(false);
    serve('set');
    expect(outerDf()).toBe(true);
    serve('copy');
    plane.set({ options: OPTIONS });
    expect(outerDf()).toBe(true);
  });

  test('IPv4 that is too big is never answered: it would be fragmented', () => {
    serve('copy');
    expectPacket(plane, large4, { verdict: 'drop', counted: { drop_too_big_no_df: 1 } });
  });

  test('as in IPVS, dr and IPv6 are answered all the same', () => {
    const large6 = arriving().ipv6({ dst: VIP6 }).tcp({ flags: '.' }).payload(600).build();
    const counted = { drop_too_big: 1, icmp_sent: 1 };
    serve('copy');
    expectPacket(plane, large6, { verdict: 'tx', counted });
    serve('copy', { method: 'dr' });
    expectPacket(plane, large4, { verdict: 'tx', counted });
  });
});
