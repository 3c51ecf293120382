/** Persistence with the virtual clock: who shares a template, how long it lives, what it survives. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Option } from '../../src/dataplane/types.gen.ts';
import type { PacketBuilder } from '../support/packet.ts';
import { ends } from '../support/packet-print.ts';
import { chosen, expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, tcp4, udp4 } from './frames.ts';
import { OPTIONS } from './settings.ts';
import { CLIENT4, CLIENT6, type ServiceConfig, server, service, VIP4, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());

const SERVERS = [server(1), server(2), server(3)];

function serve(fields: Partial<ServiceConfig> = {}, options = OPTIONS): void {
  plane.reset(world([service(SERVERS, { persistence: 300, ...fields })]));
  plane.set({ options });
}

/** A connection of a client, opened and established; which server it goes to. */
function connect(src: string, sport: number, dport = 80): number | null {
  const first = chosen(plane, tcp4({ sport, dport }, { src }));
  plane.run(tcp4({ sport, dport, flags: '.' }, { src }));
  return first;
}

describe('who shares a template', () => {
  test('connections of one client, and no other', () => {
    serve();
    expect([1, 2, 3].map((n) => connect('198.51.100.1', 1000 + n))).toEqual([1, 1, 1]);
    expect(connect('198.51.100.2', 1001)).toBe(2);
    expect(connect('198.51.100.1', 1004)).toBe(1);
    expect(plane.templates()).toHaveLength(2);
    expect([plane.persistent(1), plane.persistent(2), plane.persistent(3)]).toEqual([1, 1, 0]);
  });

  test.each([
    ['255.255.255.0', '198.51.100.1', '198.51.100.200', '198.51.101.1'],
    ['0.0.0.7', '198.51.100.9', '203.0.113.17', '198.51.100.10'],
    ['240.0.0.255', '198.51.100.9', '207.0.0.9', '198.51.100.8'],
  ])('mask %s: %s and %s, not %s', (mask, one, same, other) => {
    serve({ mask });
    expect([connect(one, 1001), connect(same, 1002), connect(other, 1003)]).toEqual([1, 1, 2]);
  });

  test('IPv6 by prefix', () => {
    serve({ address: VIP6, mask: 'ffff:ffff:ffff:ffff::' });
    const from = (src: string) => chosen(plane, arriving().ipv6({ src, dst: VIP6 }).tcp().build());
    expect(['2001:db8:1::1', '2001:db8:1::ffff', '2001:db8:1:1::1'].map(from)).toEqual([1, 1, 2]);
  });

  test('port 0: one for all ports', () => {
    serve({ port: 0 });
    expect([80, 443, 8080].map((port, n) => connect('198.51.100.1', 1001 + n, port))).toEqual([1, 1, 1]);
    expect(plane.templates()).toHaveLength(1);
  });

  test('UDP: never assured where only the client is seen', () => {
    serve({ protocol: 'udp', port: 53 });
    expect([1001, 1002].map((sport) => chosen(plane, udp4({ sport })))).toEqual([1, 1]);
    expect(plane.templates()).toMatchObject([{ value: { flags: 0, connections: 2 } }]);
  });
});

describe('FTP', () => {
  const data = (options = OPTIONS | Option.OPTION_FTP, other: Partial<ServiceConfig> = {}): void => {
    const rest = service([server(4)], { id: 2, port: 0, persistence: 300, ...other });
    plane.reset(world([service(SERVERS, { port: 21, persistence: 300 }), rest]));
    plane.set({ options });
  };

  test('control and data connections of a client go to one server', () => {
    data();
    expect(connect('198.51.100.1', 1001, 21)).toBe(1);
    expect(connect('198.51.100.2', 1001, 21)).toBe(2);
    expect(connect('198.51.100.1', 1002, 40000)).toBe(1);
    expect(connect('198.51.100.2', 1002, 20)).toBe(2);
  });

  test.each([4, 6] as const)(
    'by nat over IPv%i: only the control connection gets the port of the real server',
    (family) => {
      const nat = [server(1, { method: 'nat', port: 2121, family })];
      const [vip, client] = family === 4 ? [VIP4, CLIENT4] : [VIP6, CLIENT6];
      plane.reset(world([service(nat, { port: 21, address: vip, persistence: 300 })]));
      plane.set({ options: OPTIONS | Option.OPTION_FTP });
      const real = nat[0]?.address ?? '';
      const packet = (src: string, dst: string): PacketBuilder =>
        family === 4 ? arriving().ipv4({ src, dst }) : arriving().ipv6({ src, dst });
      for (const [port, realPort] of [
        [21, 2121],
        [40000, 40000],
      ] as const) {
        const request = plane.run(packet(client, vip).tcp({ sport: 1001, dport: port }).build());
        expect(ends(request.frame)).toBe(`${client}:1001 > ${real}:${realPort}`);
        expectChecksums(request.frame);
        const reply = plane.run(packet(real, client).tcp({ sport: realPort, dport: 1001, flags: 'S.' }).build());
        expect(ends(reply.frame)).toBe(`${vip}:${port} > ${client}:1001`);
        expectChecksums(reply.frame);
      }
    },
  );

  test('by nat through port 0: every port stays, whatever port the real server has', () => {
    const nat = [server(1, { method: 'nat', port: 8080 })];
    plane.reset(world([service(nat, { port: 0, persistence: 300 })]));
    for (const port of [8080, 443]) {
      const request = plane.run(arriving().ipv4({ src: CLIENT4, dst: VIP4 }).tcp({ sport: 1001, dport: port }).build());
      expect(ends(request.frame)).toBe(`${CLIENT4}:1001 > ${nat[0]?.address}:${port}`);
      expectChecksums(request.frame);
    }
  });

  test('ports below 1024 are not its own', () => {
    data();
    expect([1023, 1024, 80].map((port, n) => connect('198.51.100.1', 1001 + n, port))).toEqual([4, 1, 4]);
  });

  test('without such a service high ports are for port 0', () => {
    data(OPTIONS);
    expect(connect('198.51.100.1', 1001, 40000)).toBe(4);
  });

  test('not persistent: high ports are left to the kernel', () => {
    plane.reset(world([service(SERVERS, { port: 21 })]));
    plane.set({ options: OPTIONS | Option.OPTION_FTP });
    expectPacket(plane, tcp4({ dport: 40000 }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  });

  test('what comes from port 20 is never scheduled', () => {
    serve();
    expectPacket(plane, tcp4({ sport: 20 }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  });
});

describe('how long it lives', () => {
  test('its timeout after the last new connection', () => {
    serve({ protocol: 'udp', port: 53, onePacket: true });
    expect(chosen(plane, udp4())).toBe(1);
    plane.advance(299);
    expect(chosen(plane, udp4())).toBe(1);
    plane.advance(300);
    expect(chosen(plane, udp4())).toBe(2);
    plane.advance(300);
    expect(plane.sweepTemplates()).toEqual({ expired: 1, alive: 0 });
    expect(plane.persistent(2)).toBe(0);
  });

  test('by minutes while it controls connections, and its timeout is a minute from then on', () => {
    serve({ persistence: 5 });
    connect('198.51.100.1', 1001);
    plane.advance(5);
    expect(plane.sweepTemplates()).toEqual({ expired: 0, alive: 1 });
    expect(plane.templates()).toMatchObject([{ value: { timeout: 60, deadline: plane.now + 60, connections: 1 } }]);
    plane.advance(30);
    expect(connect('198.51.100.1', 1002)).toBe(1);
    expect(plane.templates()).toMatchObject([{ value: { deadline: plane.now + 60, connections: 2 } }]);
    for (const sport of [1001, 1002]) plane.run(tcp4({ sport, flags: 'R' }, { src: '198.51.100.1' }));
    plane.advance(10);
    plane.sweep();
    expect(plane.templates()).toMatchObject([{ value: { connections: 0 } }]);
    plane.advance(50);
    expect(plane.sweepTemplates()).toEqual({ expired: 1, alive: 0 });
  });

  test('assured once a connection is established', () => {
    serve();
    plane.run(tcp4());
    expect(plane.templates()).toMatchObject([{ value: { flags: 0 } }]);
    plane.run(tcp4({ flags: '.' }));
    expect(plane.templates()).toMatchObject([{ value: { flags: 1 } }]);
  });

  test('a recount mends the number of its connections after three that agree', () => {
    serve();
    connect('198.51.100.1', 1001);
    const [template] = plane.templates();
    plane.object.map('templates').set(template?.key, { ...template!.value, connections: 7 });
    for (const expected of [7, 7, 1]) {
      plane.sweep(true);
      plane.sweepTemplates(true);
      expect(plane.templates()).toMatchObject([{ value: { connections: expected } }]);
    }
  });
});

describe('what becomes of its server', () => {
  const moved = (changes: Partial<(typeof SERVERS)[0]>, options = OPTIONS) => {
    serve({}, options);
    connect('198.51.100.1', 1001);
    const servers = [server(1, changes), server(2), server(3)];
    plane.configure(world([service(servers, { persistence: 300, generation: 2 })]));
    return [connect('198.51.100.1', 1002), connect('198.51.100.1', 1003)];
  };

  test('weight 0: kept, for new connections too', () => {
    expect(moved({ weight: 0 })).toEqual([1, 1]);
  });

  test('weight 0 with expire_quiescent_template: another one', () => {
    expect(moved({ weight: 0 }, OPTIONS | Option.OPTION_EXPIRE_QUIESCENT_TEMPLATE)).toEqual([2, 2]);
  });

  test('deleted: another one, and only its own connections count from then on', () => {
    expect(moved({ available: false })).toEqual([2, 2]);
    expect(plane.templates()).toMatchObject([{ value: { connections: 2, real_server: 2 } }]);
    expect([plane.persistent(1), plane.persistent(2)]).toEqual([0, 1]);
    plane.advance(901);
    plane.sweep();
    expect(plane.templates()).toMatchObject([{ value: { connections: 0 } }]);
  });

  test('all of weight 0: refused, but for clients that are bound', () => {
    serve();
    connect('198.51.100.1', 1001);
    const servers = SERVERS.map((_, n) => server(n + 1, { weight: 0 }));
    plane.configure(world([service(servers, { persistence: 300, generation: 2 })]));
    expect(connect('198.51.100.1', 1002)).toBe(1);
    expectPacket(plane, tcp4({}, { src: '198.51.100.2' }), {
      verdict: 'tx',
      counted: { drop_no_real_server: 1, icmp_sent: 1 },
    });
  });
});

test('no room for a template: the connection is refused and counted', () => {
  serve();
  let full: Record<string, number> = {};
  for (let n = 0; n < 1100 && !full['drop_template_full']; n++) {
    plane.run(tcp4({}, { src: `10.1.${n >> 8}.${n & 255}` }));
    full = plane.counted();
  }
  expect(full).toEqual({ drop_template_full: 1 });
  expect(plane.templates().length).toBeGreaterThanOrEqual(512);
});

test('one-packet: a choice for every packet, no entry, no live connection', () => {
  plane.reset(world([service(SERVERS, { protocol: 'udp', port: 53, onePacket: true })]));
  expect([1, 2, 3, 4].map(() => chosen(plane, udp4()))).toEqual([1, 2, 3, 1]);
  expect(plane.counted()).toEqual({ forwarded: 4, one_packet: 4 });
  expect(plane.entries()).toEqual([]);
  expect(plane.live(1)).toEqual({ active: 0, inactive: 0 });
  expect(plane.traffic('service_traffic', 1)).toMatchObject({ connections: 4, packets: 4 });
});

test('a connection of a template is not scheduled anew by conn_reuse_mode', () => {
  serve();
  for (const flags of ['S', '.', 'R', 'S']) plane.run(tcp4({ flags }));
  expect(plane.counted()).toMatchObject({ connections_created: 1 });
  expect(plane.entries()).toMatchObject([{ state: 'SYN_RECV', key: { destination: VIP4 } }]);
});
