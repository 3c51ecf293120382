import { expect, test } from 'vitest';
import { addressBytes, parseAddress } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import { addressAnswer, arpProbe, neighbourSolicitation } from './address-probe.ts';
import { gratuitousArp, neighbourAdvertisement } from './announcement.ts';
import { checksum } from './checksum.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0x0a);
const VIP4 = '192.0.2.100' as Address;
const VIP6 = '2001:db8::ab:100' as Address;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('an ARP probe names no sender', () => {
  expect(hex(arpProbe(MAC, VIP4))).toBe(
    ['ffffffffffff02000000000a0806', '0001080006040001', '02000000000a00000000', '000000000000c0000264'].join(''),
  );
});

test('a solicitation goes to the group of the address, and says who asks', () => {
  const source = parseAddress('fe80::1')!;
  const frame = neighbourSolicitation(MAC, source, VIP6);
  expect(hex(frame).replace(/^(.{112})..../, '$1####')).toBe(
    [
      '3333ffab010002000000000a86dd',
      '6000000000203aff',
      'fe800000000000000000000000000001',
      'ff0200000000000000000001ffab0100',
      '8700####00000000',
      '20010db8000000000000000000ab0100',
      '010102000000000a',
    ].join(''),
  );
  const group = parseAddress('ff02::1:ffab:100')!;
  const pseudo = [...addressBytes(source), ...addressBytes(group), 0, 0, 0, 32, 0, 0, 0, 58];
  expect(checksum(Uint8Array.from(pseudo), frame.subarray(54))).toBe(0);
});

const reply = (): Uint8Array => {
  const frame = gratuitousArp(MAC, VIP4);
  frame[21] = 2;
  return frame;
};
const changed = (frame: Uint8Array, at: number, byte: number): Uint8Array => {
  const copy = frame.slice();
  copy[at] = byte;
  return copy;
};
const advertisement = neighbourAdvertisement(MAC, VIP6, false);

test.each<[string, Uint8Array, Address | null, boolean?]>([
  ['an ARP reply', reply(), VIP4, true],
  ['gratuitous ARP', gratuitousArp(MAC, VIP4), VIP4],
  ['a probe, which claims nothing', arpProbe(MAC, VIP4), null],
  ['ARP of another protocol', changed(reply(), 16, 9), null],
  ['ARP that is cut off', reply().subarray(0, 41), null],
  ['a neighbour advertisement', advertisement, VIP6],
  ['one that was asked for', changed(advertisement, 58, 0x60), VIP6, true],
  ['one without its MAC address: the sender of the frame', advertisement.subarray(0, 78), VIP6],
  ['one that came through a router', changed(advertisement, 21, 254), null],
  ['one that is cut off', advertisement.subarray(0, 77), null],
  ['a solicitation', neighbourSolicitation(MAC, parseAddress('fe80::1')!, VIP6), null],
  ['something else', new Uint8Array(60), null],
  ['nothing', new Uint8Array(0), null],
])('who answers: %s', (_, frame, address, solicited = false) => {
  expect(addressAnswer(frame)).toEqual(address === null ? null : { address, mac: MAC, solicited });
});
