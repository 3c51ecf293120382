import { describe, expect, it } from 'vitest';
import type { Address } from '../../../core/model/model.ts';
import { compareServers, compareServices, sortAsQsort } from './sort.ts';

function keys(...texts: string[]) {
  return texts.map((text) => {
    const [, protocol, address, port] = /^(\w+) (.+) (\d+)$/.exec(text) ?? [];
    const mark = protocol === 'fwmark' ? Number(port) : null;
    return { mark, protocol: protocol ?? '', address: address as Address, port: Number(port), text };
  });
}

function sorted(...texts: string[]): string[] {
  return sortAsQsort(keys(...texts), compareServices).map(({ text }) => text);
}

describe('the order of services', () => {
  it('is by mark, family, protocol, address and port', () => {
    const order = [
      ...['tcp 10.0.0.1 80', 'tcp 10.0.0.1 443', 'tcp 10.0.0.2 53', 'udp 10.0.0.1 53', 'sctp 10.0.0.1 1'],
      ...['tcp 2001:db8::1 80', 'tcp 2001:db8::2 80', 'tcp 2001:db8:0:1::1 80', 'udp ::1 53'],
      ...['fwmark 0.0.0.0 1', 'fwmark :: 1', 'fwmark 0.0.0.0 2'],
    ];
    expect(sorted(...[...order].reverse())).toEqual(order);
  });

  it('puts first the greater of two addresses that lie far apart', () => {
    expect(sorted('tcp 10.0.0.1 80', 'tcp 203.0.113.1 80')).toEqual(['tcp 203.0.113.1 80', 'tcp 10.0.0.1 80']);
    expect(sorted('tcp 10.0.0.1 80', 'tcp 137.0.0.1 80')).toEqual(['tcp 10.0.0.1 80', 'tcp 137.0.0.1 80']);
  });

  it('merges halves where the order is a circle', () => {
    const [a, b, c] = ['tcp 10.0.0.1 80', 'tcp 100.0.0.1 80', 'tcp 203.0.113.1 80'];
    expect(sorted(a, b, c)).toEqual([a, b, c]);
    expect(sorted(c, b, a)).toEqual([c, a, b]);
    expect(sorted(b, c, a)).toEqual([b, c, a]);
  });
});

describe('the order of real servers', () => {
  it('compares the first words of different families', () => {
    const [six, four] = [keys('tcp fd00::11 80'), keys('tcp 10.0.0.11 80')].flat();
    expect(Math.sign(compareServers(six!, four!))).toBe(-1);
    expect(Math.sign(compareServers(four!, six!))).toBe(1);
  });
});
