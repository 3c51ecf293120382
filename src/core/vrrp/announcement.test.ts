import { describe, expect, test } from 'vitest';
import { addressBytes, parseAddress } from '../model/address.ts';
import { gratuitousArp, neighbourAdvertisement } from './announcement.ts';
import { checksum } from './checksum.ts';

const MAC = Uint8Array.of(0x00, 0x00, 0x5e, 0x00, 0x01, 0x33);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('gratuitous ARP: a request to everybody, from and for the address', () => {
  expect(hex(gratuitousArp(MAC, parseAddress('192.168.10.101')!))).toBe(
    [
      'ffffffffffff00005e0001330806', // Ethernet
      '0001080006040001', // Ethernet and IPv4, request
      '00005e000133c0a80a65', // sender
      'ffffffffffffc0a80a65', // target
    ].join(''),
  );
});

describe('neighbour advertisement', () => {
  const address = parseAddress('2001:db8::100')!;
  const text = '20010db8000000000000000000000100';

  test.each([
    ['of a host', false, '20'],
    ['of a router', true, 'a0'],
  ])('%s', (_, router, flags) => {
    const frame = neighbourAdvertisement(MAC, address, router);
    expect(hex(frame).replace(/^(.{112})..../, '$1####')).toBe(
      [
        '33330000000100005e00013386dd', // Ethernet
        '6000000000203aff', // 32 bytes of ICMPv6, hop limit 255
        `${text}ff020000000000000000000000000001`,
        `8800####${flags}000000`,
        `${text}020100005e000133`, // target, and its MAC
      ].join(''),
    );
    const pseudo = [...addressBytes(address), ...addressBytes(parseAddress('ff02::1')!), 0, 0, 0, 32, 0, 0, 0, 58];
    expect(checksum(Uint8Array.from(pseudo), frame.subarray(54))).toBe(0);
  });
});
