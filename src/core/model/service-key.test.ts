import { expect, test } from 'vitest';
import type { Address, AddressKey, MarkKey, Protocol, ServiceKey } from './model.ts';
import {
  compareServiceKeys,
  formatServiceKey,
  parseServerKey,
  parseServiceKey,
  serverKeyText,
  serviceFamily,
  serviceKeyText,
  servicePort,
} from './service-key.ts';

const key = (protocol: Protocol, address: string, port: number): AddressKey => ({
  protocol,
  address: address as Address,
  port,
});

const mark = (family: 4 | 6, value: number): MarkKey => ({ protocol: 'fwmark', family, mark: value });

test.each([
  [mark(4, 1), 'fwmark 1', '1/fwmark', 4],
  [mark(6, 4294967295), 'fwmark6 4294967295', '4294967295/fwmark6', 6],
] as const)('%j has its texts, and is read back', (service, text, printed, family) => {
  expect(serviceKeyText(service)).toBe(text);
  expect(formatServiceKey(service)).toBe(printed);
  expect(parseServiceKey(printed)).toEqual(service);
  expect([serviceFamily(service), servicePort(service)]).toEqual([family, 0]);
});

test.each([
  [key('tcp', '192.0.2.1', 80), 'tcp 192.0.2.1:80', '192.0.2.1:80/tcp'],
  [key('udp', '2001:db8::1', 53), 'udp [2001:db8::1]:53', '[2001:db8::1]:53/udp'],
  [key('sctp', '2001:db8::1', 2905), 'sctp [2001:db8::1]:2905', '[2001:db8::1]:2905/sctp'],
  [key('tcp', '192.0.2.1', 0), 'tcp 192.0.2.1:0', '192.0.2.1:0/tcp'],
])('%j has its texts, and is read back', (service, text, printed) => {
  expect(serviceKeyText(service)).toBe(text);
  expect(formatServiceKey(service)).toBe(printed);
  expect(parseServiceKey(printed)).toEqual(service);
  expect(parseServerKey(serverKeyText(service))).toEqual({ address: service.address, port: service.port });
});

test('reading makes the address canonical', () => {
  expect(parseServiceKey('[2001:DB8:0::1]:80/tcp')).toEqual(key('tcp', '2001:db8::1', 80));
});

test.each([
  ...[
    '192.0.2.1:80',
    '192.0.2.1:80/dccp',
    '192.0.2.1:80/toString',
    '192.0.2.1/tcp',
    '192.0.2.1:65536/tcp',
    '192.0.2.1:080/tcp',
    '192.0.2.1:/tcp',
  ],
  ...['0/fwmark', '01/fwmark', '4294967296/fwmark', '-1/fwmark', '1/fwmark4', '/fwmark6', '192.0.2.1:80/fwmark'],
  ...['[192.0.2.1]:80/tcp', '2001:db8::1:80/tcp', '[2001:db8::1:80/tcp', ':80/tcp', 'example.com:80/tcp', '/tcp', ''],
])('%j names no service', (text) => {
  expect(parseServiceKey(text)).toBeNull();
});

test("ipvsadm's order: marks last, family, protocol, address, port", () => {
  const sorted: ServiceKey[] = [
    key('tcp', '10.0.0.1', 80),
    key('tcp', '10.0.0.1', 443),
    key('tcp', '203.0.113.1', 80),
    key('udp', '10.0.0.1', 53),
    key('sctp', '10.0.0.1', 36),
    key('tcp', '2001:db8::1', 80),
    key('udp', '2001:db8::1', 53),
    key('sctp', '2001:db8::1', 36),
    mark(4, 1),
    mark(6, 1),
    mark(4, 2),
  ];
  expect(sorted.toReversed().sort(compareServiceKeys)).toEqual(sorted);
});
