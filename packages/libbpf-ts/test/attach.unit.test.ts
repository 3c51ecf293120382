// What is refused before the kernel is asked. Attaching itself: link.kernel.test.ts.

import { describe, expect, it } from 'vitest';
import { XdpLink } from '../src/link.ts';
import { BpfMap } from '../src/map.ts';
import { probe } from '../src/probe.ts';
import { BpfProgram } from '../src/program.ts';
import { BpfRingBuffer } from '../src/ring-buffer.ts';
import { xdpContext } from '../src/test-run.ts';
import { xdpAttach, xdpDetach, xdpQuery } from '../src/xdp.ts';
import { thrown } from './layouts.ts';

describe('without a kernel', () => {
  const nothing = undefined as never;
  const text = 'text' as never;
  const rows: [string, () => unknown, string][] = [
    ['attach without options', () => XdpLink.attach(nothing), 'options must be an object, not undefined'],
    ['attach without a program', () => XdpLink.attach({} as never), 'program must be a BpfProgram, not undefined'],
    ['attach text', () => xdpAttach(1, text, { mode: 'native' }), "program must be a BpfProgram, not 'text'"],
    ['detach from nowhere', () => xdpDetach(0, 'native'), 'an interface index must be an integer from 1'],
    ['detach in no mode', () => xdpDetach(1, 'fast' as never), `an XDP mode is "native" or "generic", not 'fast'`],
    [
      'query a name',
      () => xdpQuery('eth0' as never),
      "an interface index must be an integer from 1 to 2147483647, not 'eth0'",
    ],
    ['open id 0', () => BpfProgram.fromId(0), 'an id must be an integer from 1'],
    ['open a map by name', () => BpfMap.fromId(text), 'an id must be an integer from 1'],
    ['open no pin', () => BpfMap.openPinned(''), 'the path of a pin must be a string that is not empty'],
    ['open a pin with a zero', () => XdpLink.openPinned('a\0b'), 'the path of a pin must be'],
    ['read no ring', () => new BpfRingBuffer({} as never), 'map must be a BpfMap, not {}'],
    ['probe tracing helpers', () => probe.helper('tracing', 1), 'helpers of tracing programs cannot be probed'],
    ['a context without length', () => xdpContext({} as never), 'dataLength must be an integer from 0'],
    ['create a map from nothing', () => BpfMap.create(nothing), 'spec must be an object'],
    [
      'create a map of half a size',
      () => BpfMap.create({ name: 'x', type: 'hash', keySize: 0.5, valueSize: 4, maxEntries: 1 }),
      'keySize must be an integer',
    ],
  ];
  it.each(rows)('is refused: %s', (_, act, message) => {
    const error = thrown(act);
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toContain(message);
  });
});
