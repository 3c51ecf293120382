import { beforeEach, describe, expect, it } from 'vitest';
import type { Attachment, Attachments } from '../dataplane/attachments.ts';
import { DataplaneError } from '../dataplane/error.ts';
import type { Interface } from '../net/interfaces.ts';
import { InterfaceManager } from './interface-manager.ts';

let devices: Interface[];
let list: Map<number, Attachment>;
/** What the maps were told, and what was attached, in order. */
let journal: string[];
let refusal: DataplaneError | undefined;
let manager: InterfaceManager;

const device = (ifindex: number, name: string): Interface => ({
  ...{ ifindex, name, mac: Uint8Array.of(2, 0, 0, 0, 0, ifindex & 255), mtu: 1500, up: true, kind: '' },
});

function fakeAttachments(): Attachments {
  return {
    list,
    attach: ({ ifindex }, requested) => {
      if (refusal !== undefined) throw refusal;
      journal.push(`attach ${ifindex}`);
      const attachment = { ifindex, mode: requested === 'generic' ? 'generic' : 'native', fragments: false } as const;
      list.set(ifindex, attachment);
      return { attachment, warnings: requested === 'generic' ? ['slow'] : [] };
    },
    detach: (ifindex) => {
      journal.push(`detach ${ifindex}`);
      return list.delete(ifindex);
    },
    forget: (ifindex) => void list.delete(ifindex),
    [Symbol.dispose]: () => {},
  };
}

function createManager(): InterfaceManager {
  return new InterfaceManager({
    attachments: fakeAttachments(),
    find: (which) => devices.find(({ ifindex, name }) => ifindex === which || name === which),
    onIndexes: () => journal.push(`maps ${[...manager.indexes].join(' ')}`),
  });
}

beforeEach(() => {
  devices = [device(2, 'eth0'), device(3, 'eth1')];
  list = new Map();
  journal = [];
  refusal = undefined;
  manager = createManager();
});

describe('attach', () => {
  it('has the maps know the interface first', () => {
    expect(manager.attach('eth0', 'generic')).toEqual(['slow']);
    expect(journal).toEqual(['maps 2', 'attach 2']);
    expect(manager.wanted).toEqual([{ name: 'eth0', mode: 'generic', origin: 'command' }]);
  });

  it('takes it out of the maps again where it fails', () => {
    refusal = new DataplaneError('interface-busy', 'busy');
    expect(() => manager.attach('eth0', 'auto')).toThrow('busy');
    expect(journal).toEqual(['maps 2', 'maps ']);
    expect(manager.states).toEqual([]);
  });

  it('refuses what is not there, no Ethernet, or in the place of another', () => {
    devices.push({ ...device(9, 'tun0'), mac: null }, device(1026, 'eth9'));
    manager.attach('eth0', 'auto');
    expect(() => manager.attach('eth7', 'auto')).toThrow(expect.objectContaining({ code: 'no-such-interface' }));
    expect(() => manager.attach('tun0', 'auto')).toThrow(expect.objectContaining({ code: 'not-supported' }));
    expect(() => manager.attach('eth9', 'auto')).toThrow(expect.objectContaining({ code: 'slot-taken' }));
    expect(manager.wanted.map(({ name }) => name)).toEqual(['eth0']);
  });
});

describe('detach', () => {
  it('takes the program off before the maps forget the interface', () => {
    manager.attach('eth0', 'auto');
    journal.length = 0;
    expect(manager.detach('eth0')).toBe(true);
    expect(journal).toEqual(['detach 2', 'maps ']);
    expect(manager.detach('eth0')).toBe(false);
  });
});

describe('what is wanted', () => {
  it('is attached when it appears, and again when it comes back', () => {
    expect(manager.want({ name: 'eth5', mode: 'auto', origin: 'option' })).toEqual([
      expect.stringContaining('no interface eth5'),
    ]);
    expect(manager.linksChanged()).toEqual([]);
    for (const ifindex of [5, 6]) {
      devices.push(device(ifindex, 'eth5'));
      expect(manager.linksChanged()).toEqual([{ name: 'eth5', text: 'attached' }]);
      expect(manager.state('eth5')).toMatchObject({ problem: null, attachment: { ifindex } });
      devices.pop();
      expect(manager.linksChanged()).toEqual([{ name: 'eth5', text: expect.stringContaining('no interface') }]);
      expect([...list]).toEqual([]);
    }
  });

  it('is not tried at every change where it was refused', () => {
    refusal = new DataplaneError('interface-busy', 'busy');
    manager.want({ name: 'eth0', mode: 'auto', origin: 'command' });
    journal.length = 0;
    expect(manager.linksChanged()).toEqual([]);
    expect(journal).toEqual([]);
    expect(manager.state('eth0')?.problem).toBe('busy');
  });

  it('includes what was found attached', () => {
    list.set(3, { ifindex: 3, mode: 'generic', fragments: false });
    manager = createManager();
    expect(manager.wanted).toEqual([{ name: 'eth1', mode: 'generic', origin: 'pin' }]);
    expect(manager.want({ name: 'eth1', mode: 'auto', origin: 'option' })).toEqual([]);
    expect(journal).toEqual([]);
  });

  it('follows a new name', () => {
    manager.attach('eth0', 'auto');
    devices[0] = device(2, 'lan0');
    expect(manager.linksChanged()).toEqual([{ name: 'lan0', text: 'is what was eth0' }]);
    expect(manager.wanted).toEqual([{ name: 'lan0', mode: 'auto', origin: 'command' }]);
    expect(manager.state('lan0')?.problem).toBeNull();
  });
});
