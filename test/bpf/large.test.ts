/** Eight million connection slots, half of them filled at the speed of the kernel. */
import { expect, test } from 'vitest';
import { Driver, ORDER } from '../../scripts/bench/driver.ts';
import { bytesPerSlot } from '../../scripts/bench/planes.ts';
import { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';
import { server, service, VIP4, world } from './world.ts';

const SLOTS = 1 << 23;
const FLOWS = SLOTS / 2;
const BURST = 1 << 18;

test('four million connections in eight million slots', () => {
  using plane = DataPlane.load({ buckets: SLOTS / 8 });
  plane.configure(world([service([1, 2, 3].map((n) => server(n)))]));
  const driver = new Driver();
  const program = plane.object.program('xlb');
  const send = (flags: string, firstFlow: number): void => {
    const frame = arriving().ipv4({ dst: VIP4 }).tcp({ flags }).payload(40).build();
    driver.run({ program, frame, order: ORDER.sequence, firstFlow, repeat: BURST });
  };
  try {
    for (let flow = 0; flow < FLOWS; flow += BURST) send('S', flow);
    const { connections_created = 0, connections_unrecorded = 0 } = plane.counted();
    expect(connections_created + connections_unrecorded).toBe(FLOWS);
    expect(connections_unrecorded).toBeLessThan(FLOWS / 1000); // two candidate buckets: 0.025 % at half load
    for (let flow = 0; flow < FLOWS; flow += BURST) send('.', flow);
    const { forwarded = 0, followed_ring = 0 } = plane.counted();
    expect(forwarded).toBe(FLOWS);
    expect(followed_ring).toBe(connections_unrecorded);
    expect(plane.sweep()).toMatchObject({ expired: 0, alive: connections_created });
    const live = [1, 2, 3].map((id) => plane.live(id).active);
    expect(live.reduce((sum, count) => sum + count, 0)).toBe(connections_created);
    plane.advance(900);
    expect(plane.sweep()).toMatchObject({ expired: connections_created, alive: 0 });
    for (const id of [1, 2, 3]) expect(plane.live(id)).toEqual({ active: 0, inactive: 0 });
  } finally {
    driver.close();
  }
});

test('a connection slot takes at most 64 bytes, 24 of which the fast path touches', () => {
  using small = DataPlane.load({ buckets: 1 << 10 });
  using large = DataPlane.load({ buckets: 1 << 14 });
  const { hot, all } = bytesPerSlot(small, large);
  expect(hot).toBeGreaterThan(0);
  expect(hot).toBeLessThanOrEqual(24);
  expect(all).toBeLessThanOrEqual(64);
});
