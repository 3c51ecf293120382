import { expect, it } from 'vitest';
import { buildModel } from '../../core/config/model/build-model.ts';
import { loadText } from '../../core/config/testing.ts';
import type { Address } from '../../core/model/model.ts';
import { type Endpoint, endpointKey } from '../../net/vrrp/transport.ts';
import { Engine } from './engine.ts';
import { NetworkView } from './network-view.ts';
import { vrrpSettings } from './settings.ts';

/** Milliseconds that each socket takes to open, and within which a timer begins after its own is. */
const SLOW = 60;
const WITHIN = 20;

/** The network's seam: joins one group after the other, each as slowly as a busy machine does. */
class SlowNetwork {
  readonly joins = new Map<string, number>();

  use(endpoints: readonly Endpoint[]): Map<string, string> {
    for (const endpoint of endpoints) {
      if (this.joins.has(endpointKey(endpoint))) continue;
      for (const end = performance.now() + SLOW; performance.now() < end; );
      this.joins.set(endpointKey(endpoint), performance.now());
    }
    return new Map();
  }

  openedAt(endpoint: string): number | undefined {
    return this.joins.get(endpoint);
  }

  send(): void {}
  drain(): void {}
}

function viewOf(names: readonly string[]): NetworkView {
  const view = new NetworkView();
  const kind = { mtu: 1500, up: true, carrier: true, ethernet: true, loopback: false, kind: '', vlan: null };
  const flags = { deprecated: false, tentative: false, secondary: false };
  names.forEach((name, i) => {
    const [ifindex, address] = [i + 2, `10.0.${i}.1` as Address];
    view.apply({ type: 'link', link: { ...kind, name, ifindex, mac: new Uint8Array(6) } });
    view.apply({ type: 'address', address: { ...flags, ifindex, address, prefix: 24, scope: 'global' } });
  });
  return view;
}

function settingsOf(names: readonly string[]) {
  const one = (name: string, i: number) =>
    `vrrp_instance ${name} {\ninterface ${name}\nvirtual_router_id 51\nvirtual_ipaddress { 10.0.${i}.100/24 }\n}`;
  return vrrpSettings(buildModel(loadText(names.map(one).join('\n')).file));
}

it('the first master-down timer of each instance runs from the moment that its group was joined', () => {
  const names = ['eth0', 'eth1', 'eth2'];
  const transport = new SlowNetwork();
  const nothing = () => {};
  const holder = {
    pace: nothing,
    assign: nothing,
    forget: nothing,
    take: nothing,
    release: nothing,
    announce: nothing,
  };
  const view = viewOf(names);
  const engine = new Engine({ view, transport, holder, notify: nothing, log: nothing, uptime: 1000 });
  engine.configure(settingsOf(names));
  const began = engine.report().map(({ transitions: [first] }) => first);
  engine.stop();

  expect(began).toMatchObject(names.map(() => ({ from: 'INIT', to: 'BACKUP' })));
  const joins = [...transport.joins.values()];
  expect(joins).toHaveLength(names.length);
  expect(joins[2]! - joins[0]!).toBeGreaterThan(2 * SLOW - 1);
  const late = began.map((transition, i) => transition!.at - (performance.timeOrigin + joins[i]!));
  for (const each of late) expect(Math.abs(each)).toBeLessThan(WITHIN);
});
