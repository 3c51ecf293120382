import { expect, it } from 'vitest';
import { buildModel } from '../../core/config/model/build-model.ts';
import { loadText } from '../../core/config/testing.ts';
import { applyCommands, emptyModel } from '../../core/model/apply-command.ts';
import { serviceNews } from './service-watch.ts';

const KEY = 'virtual-server 192.0.2.1 80 TCP';
const INSTANCE = `vrrp_instance A { interface eth0
  virtual_router_id 51
  virtual_ipaddress { 203.0.113.1 }
  track_virtual_server { "192.0.2.1 80 TCP" }
}`;

/** The status with real servers of these weights at work. */
function statusWith(
  weights: readonly number[],
  { service = '', before }: { service?: string; before?: 'up' | 'down' },
) {
  const servers = [1, 2, 3].map((i) => `real_server 10.0.0.${i} 80 { }`).join('\n');
  const { file } = loadText(`${INSTANCE}\nvirtual_server 192.0.2.1 80 {\nprotocol TCP\n${service}\n${servers}\n}`);
  const config = buildModel(file);
  const [spec] = config.services[0]!.services;
  const atWork = { ...spec!, servers: spec!.servers.map((server, i) => ({ ...server, weight: weights[i]! })) };
  const applied = applyCommands(emptyModel, [{ type: 'replace', services: [atWork] }]);
  if ('error' in applied) throw new Error(applied.error.message);
  const [news] = serviceNews(config, applied.model, new Map(before === undefined ? [] : [[KEY, before]]));
  expect(news?.key).toBe(KEY);
  return news?.status;
}

it.each([
  ['with every real server', [1, 1, 1], {}, 'up'],
  ['with one', [1, 0, 0], {}, 'up'],
  ['with none', [0, 0, 0], {}, 'down'],
  ['below its quorum', [1, 0, 0], { service: 'quorum 2' }, 'down'],
  ['at its quorum', [1, 1, 0], { service: 'quorum 2' }, 'up'],
  ['up, and little below its quorum', [1, 0, 0], { service: 'quorum 2\nhysteresis 1', before: 'up' }, 'up'],
  ['down, and little above its quorum', [1, 1, 0], { service: 'quorum 2\nhysteresis 1', before: 'down' }, 'down'],
  ['down, and well above its quorum', [1, 1, 1], { service: 'quorum 2\nhysteresis 1', before: 'down' }, 'up'],
] as const)('a virtual server %s: %j', (_, weights, options, expected) => {
  expect(statusWith(weights, options)).toBe(expected);
});

it('a virtual server that is not at work is down', () => {
  const { file } = loadText(`${INSTANCE}\nvirtual_server 192.0.2.1 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 { }\n}`);
  expect(serviceNews(buildModel(file), emptyModel, new Map())).toEqual([{ key: KEY, status: 'down' }]);
});
