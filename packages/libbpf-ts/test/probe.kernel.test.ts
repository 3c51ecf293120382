import { cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { MAP_TYPES, PROGRAM_TYPES } from '../src/constants.ts';
import { possibleCpus } from '../src/cpus.ts';
import { addon } from '../src/native.ts';
import { type Feature, probe } from '../src/probe.ts';
import { thrown } from './layouts.ts';

describe('a probe', () => {
  it('finds what every supported kernel has', () => {
    expect(probe.programType('xdp')).toBe(true);
    expect(probe.mapType('lru_hash')).toBe(true);
    expect(probe.helper('xdp', 1)).toBe(true);
    const features: Feature[] = ['xdp_frags', 'bpf_loop', 'bpf_timer', 'ring_buffer', 'syscall_programs', 'batch'];
    for (const feature of features) expect([feature, probe.feature(feature)]).toEqual([feature, true]);
  });

  it('does not find what no kernel has', () => {
    expect(probe.helper('xdp', 60_000)).toBe(false);
    // A helper that XDP programs may not call: bpf_skb_store_bytes.
    expect(probe.helper('xdp', 9)).toBe(false);
  });

  it('refuses names that do not exist', () => {
    expect(thrown(() => probe.programType('xpd' as 'xdp')).message).toContain("unknown program type 'xpd'");
    expect(thrown(() => probe.mapType('has' as 'hash')).code).toBe('ARGUMENT');
    expect(thrown(() => probe.feature('speed' as 'batch')).message).toContain('known are xdp_frags');
    expect(thrown(() => probe.helper('xdp', 0)).code).toBe('ARGUMENT');
  });
});

it('types have the numbers that libbpf knows', () => {
  const native = addon();
  const maps = native.typeNames(0);
  expect(MAP_TYPES.slice(0, maps.length)).toEqual(maps.slice(0, MAP_TYPES.length));
  const programs = native.typeNames(1);
  expect(PROGRAM_TYPES.slice(0, programs.length)).toEqual(programs.slice(0, PROGRAM_TYPES.length));
});

it('there are at least as many possible CPUs as there are CPUs', () => {
  expect(possibleCpus()).toBeGreaterThanOrEqual(cpus().length);
});
