import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from '../core/model/apply-command.ts';
import type { Command } from '../core/model/command.ts';
import { shareOfModel } from '../core/model/file-share.ts';
import type { Address } from '../core/model/model.ts';
import { parseState } from './parse-state.ts';
import { EMPTY_STATE, formatState, type SavedState, StateFile } from './state-file.ts';

const SERVICE = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;
const SERVER = { address: '10.0.0.1' as Address, port: 80 };

function sample(): SavedState {
  const commands: Command[] = [
    { type: 'service.add', service: { ...SERVICE, scheduler: 'wrr' } },
    { type: 'local.add', local: { address: '10.0.0.2' as Address, service: SERVICE, lastPort: 9999 } },
    { type: 'server.add', service: SERVICE, server: { ...SERVER, weight: 7 } },
    {
      type: 'server.drain',
      service: SERVICE,
      server: SERVER,
      admin: { action: 'drain', by: 'alice', at: 1, reason: 'kernel' },
    },
  ];
  const applied = applyCommands(emptyModel, commands);
  if ('error' in applied) throw new Error(applied.error.message);
  return {
    model: applied.model,
    config: {
      path: '/etc/xlb/xlb.conf',
      share: shareOfModel(applied.model, { tcpFin: 60 }, true),
      interfaces: ['eth1'],
    },
    changedAt: 1_700_000_000_000,
    interfaces: [{ name: 'eth0', mode: 'auto' }],
    table: 'abc',
    remembered: [{ key: SERVICE, id: 3, slots: [null, { key: SERVER, id: 9 }] }],
    zeroed: { services: [[3, 1, 2, 3]], servers: [] },
  };
}

describe('formatState and parseState', () => {
  it('keep every part', () => {
    expect(parseState(formatState(sample()), 'x')).toEqual(sample());
    expect(parseState(formatState(EMPTY_STATE), 'x')).toEqual(EMPTY_STATE);
  });

  it('take a state of before there were files as commands alone', () => {
    const { config: _, ...old } = sample();
    expect(formatState({ ...old, config: null })).not.toContain('"config"');
    expect(parseState(formatState({ ...old, config: null }), 'x')).toEqual({ ...old, config: null });
  });

  it('take slots as files of xlb 0.1 have them', () => {
    const text = formatState(sample());
    const old = text.replace('["10.0.0.1",80,9]', '{"key":{"address":"10.0.0.1","port":80},"id":9}');
    expect(old).not.toBe(text);
    expect(parseState(old.replace('"version":2', '"version":1'), 'x')).toEqual(sample());
  });

  it.each([
    ['no JSON', (text: string) => text.slice(0, -5), /is not JSON/],
    ['another version', (text: string) => text.replace('"version":2', '"version":3'), /version: .*1.*2/],
    ['an unknown field', (text: string) => text.replace('"table"', '"tabel":1,"table"'), /tabel/],
    [
      'a wrong weight',
      (text: string) => text.replace('"weight":7', '"weight":-7'),
      /document\.services\[0\]\.servers\[0\]\.weight/,
    ],
    [
      'a wrong weight of the file',
      (text: string) => text.replace(/("config".*\n.*"weight":)7/, '$1-7'),
      /config\.services\[0\]\.servers\[0\]\.weight/,
    ],
    [
      'a wrong timeout of the file',
      (text: string) => text.replace('"tcpFin":60', '"tcpFin":0'),
      /config\.timeouts\.tcpFin/,
    ],
    ['a wrong id', (text: string) => text.replace('"id":3', '"id":"3"'), /remembered\[0\]\.id/],
    ['a wrong slot', (text: string) => text.replace(',80,9]', ',80,-9]'), /remembered\[0\]\.slots\[1\]\[2\]/],
    ['a wrong address', (text: string) => text.replace('["10.0.0.1",80', '["10.0.0.x",80'), /remembered.*slots.*0\.x/],
  ])('refuse %s and say where', (_name, damage, message) => {
    const text = formatState(sample());
    expect(damage(text)).not.toBe(text);
    expect(() => parseState(damage(text), '/var/lib/xlb/state.json')).toThrow(message);
    expect(() => parseState(damage(text), '/var/lib/xlb/state.json')).toThrow('/var/lib/xlb/state.json');
  });
});

describe('StateFile', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'xlb-state-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('starts empty, and holds what was saved last', async () => {
    const file = new StateFile(join(directory, 'made'));
    expect(await file.load()).toEqual(EMPTY_STATE);
    await Promise.all([file.save(EMPTY_STATE), file.save(sample())]);
    expect(await new StateFile(join(directory, 'made')).load()).toEqual(sample());
    expect(readdirSync(join(directory, 'made'))).toEqual(['state.json']);
  });

  it('holds the last of many states, whatever of it has moved', async () => {
    const file = new StateFile(join(directory, 'many'));
    const service = (n: number, weight: number) => ({ ...SERVICE, port: n, servers: [{ ...SERVER, port: n, weight }] });
    const many = Array.from({ length: 40 }, (_, n) => n);
    let { model } = EMPTY_STATE;
    for (const weights of [
      [7, 8, 9],
      [7, 5, 9],
      [7, 50, 9],
      [7, 50],
      [700, 50, 9, 1],
      [],
      [7, 8, 9],
      [7, 8, 9, ...many],
    ]) {
      const services = weights.map((weight, n) => service(n + 1, weight));
      const applied = applyCommands(model, [{ type: 'replace', services }]);
      if ('error' in applied) throw new Error(applied.error.message);
      model = applied.model;
      const state = { ...sample(), model };
      await file.save(state);
      expect(readFileSync(file.path, 'utf8')).toBe(formatState(state));
    }
  });

  it('leaves a broken file alone', async () => {
    const file = new StateFile(directory);
    writeFileSync(file.path, '{"version":1');
    await expect(file.load()).rejects.toThrow(file.path);
    expect(readFileSync(file.path, 'utf8')).toBe('{"version":1');
  });

  it('keeps the old file where the new one cannot be written, and works again after', async () => {
    const file = new StateFile(directory);
    await file.save(sample());
    const broken = { ...sample(), changedAt: 1n as unknown as number };
    await expect(file.save(broken)).rejects.toThrow();
    expect(await file.load()).toEqual(sample());
    await file.save(EMPTY_STATE);
    expect(await file.load()).toEqual(EMPTY_STATE);
  });
});
