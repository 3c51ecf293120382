import { describe, expect, it } from 'vitest';
import type { Names } from './names.ts';
import { parseServiceAddress } from './service-address.ts';

const NAMES: Names = {
  hostAddress: async (name) => (name === 'www' ? '10.0.0.9' : undefined),
  hostName: async () => undefined,
  servicePort: async (name, protocol) => (name === 'http' && protocol === 'tcp' ? 80 : undefined),
  serviceName: async () => undefined,
};

describe('parseServiceAddress', () => {
  it.each([
    ['10.0.0.1:80', '10.0.0.1', 80],
    ['10.0.0.1', '10.0.0.1', undefined],
    ['10.0.0.1:0', '10.0.0.1', 0],
    ['10.0.0.1:+80', '10.0.0.1', 80],
    ['10.0.0.1:http', '10.0.0.1', 80],
    ['10.1:80', '10.0.0.1', 80],
    ['www:80', '10.0.0.9', 80],
    ['www', '10.0.0.9', undefined],
    ['[2001:DB8::0:1]:80', '2001:db8::1', 80],
    ['[2001:db8::1]:http', '2001:db8::1', 80],
    ['2001:db8::1', '2001:db8::1', undefined],
    ['2001:db8::1:80', '2001:db8::1:80', undefined],
    // As in ipvsadm: the port is lost.
    ['[10.0.0.1]:80', '10.0.0.1', undefined],
  ])('%s', async (text, address, port) => {
    expect(await parseServiceAddress(text, 'tcp', NAMES)).toEqual({ address, port });
  });

  it.each(
    [
      ['', '80', '10.0.0.1:', '10.0.0.1:65536', '10.0.0.1:-1', '10.0.0.1:smtp', '10.0.0.300:80', 'nobody:80'],
      ['[2001:db8::1]', '[2001:db8::1', '[2001:db8::1]80', '[2001:db8::1]:', '[2001:db8::x]:80', 'fe80::1%eth0', ':80'],
    ].flat(),
  )('%j is none', async (text) => {
    expect(await parseServiceAddress(text, 'tcp', NAMES)).toBeUndefined();
  });

  it('knows names of ports only where the protocol is known', async () => {
    expect(await parseServiceAddress('10.0.0.1:http', undefined, NAMES)).toBeUndefined();
    expect(await parseServiceAddress('10.0.0.1:http', 'udp', NAMES)).toBeUndefined();
    expect(await parseServiceAddress('10.0.0.1:80', undefined, NAMES)).toEqual({ address: '10.0.0.1', port: 80 });
  });
});
