import { describe, expect, it } from 'vitest';
import type { Notifies } from '../../core/config/model/notifies.ts';
import type { Notice } from '../vrrp/protocol.ts';
import { callsOf, letterOf, lineOf } from './words.ts';

const script = (text: string) => ({ text, argv: text.split(' '), as: null });
const NOTIFIES: Notifies = {
  master: script('/m 1'),
  backup: { ...script('/b'), as: { user: 'me', group: null } },
  fault: script('/f'),
  stop: script('/s'),
  deleted: script('/d'),
  lowerPriority: script('/l'),
  any: script('/n x'),
  priorityChanges: true,
};

type StateNotice = Extract<Notice, { type: 'state' }>;
const state = (to: StateNotice['state'], kind: StateNotice['kind'] = 'INSTANCE', priority = 100): StateNotice => ({
  ...{ type: 'state', kind, name: kind === 'GROUP' ? 'G' : 'VI_1', state: to, priority },
});

describe('a line', () => {
  it.each<[Notice, string | null]>([
    [state('MASTER'), 'INSTANCE "VI_1" MASTER 100\n'],
    [state('DELETED'), 'INSTANCE "VI_1" DELETED 100\n'],
    [state('FAULT', 'GROUP', 0), 'GROUP "G" FAULT 0\n'],
    [state('INIT'), null],
    [{ type: 'lower-priority', name: 'VI_1', priority: 90 }, 'INSTANCE "VI_1" MASTER_RX_LOWER_PRI 90\n'],
    [{ type: 'priority', name: 'VI_1', state: 'MASTER', priority: 80 }, 'INSTANCE "VI_1" MASTER_PRIORITY 80\n'],
    [{ type: 'priority', name: 'VI_1', state: 'FAULT', priority: 70 }, 'INSTANCE "VI_1" BACKUP_PRIORITY 70\n'],
  ])('%j', (notice, expected) => {
    expect(lineOf(notice, NOTIFIES)).toBe(expected);
  });

  it('about a priority comes only where it is wanted', () => {
    const notice: Notice = { type: 'priority', name: 'VI_1', state: 'MASTER', priority: 80 };
    expect(lineOf(notice, { ...NOTIFIES, priorityChanges: false })).toBeNull();
  });
});

describe('programs', () => {
  const called = (notice: Notice, notifies = NOTIFIES) => callsOf(notice, notifies).map(({ argv }) => argv.join(' '));

  it.each<[Notice, string[]]>([
    [state('MASTER'), ['/m 1', '/n x INSTANCE VI_1 MASTER 100']],
    [state('BACKUP', 'GROUP', 0), ['/b', '/n x GROUP G BACKUP 0']],
    [state('FAULT'), ['/f', '/n x INSTANCE VI_1 FAULT 100']],
    [state('STOP'), ['/s', '/n x INSTANCE VI_1 STOP 100']],
    [state('DELETED'), ['/d', '/n x INSTANCE VI_1 DELETED 100']],
    [state('INIT'), []],
    [{ type: 'lower-priority', name: 'VI_1', priority: 90 }, ['/l']],
    [{ type: 'priority', name: 'VI_1', state: 'MASTER', priority: 80 }, []],
  ])('%j', (notice, expected) => {
    expect(called(notice)).toEqual(expected);
  });

  it('run as their user, and not where there are none', () => {
    expect(callsOf(state('BACKUP'), NOTIFIES)[0]?.as).toEqual({ user: 'me', group: null });
    expect(called(state('MASTER'), { ...NOTIFIES, master: null, any: null })).toEqual([]);
  });
});

describe('a mail', () => {
  it.each<[StateNotice, string, string]>([
    [state('MASTER'), 'Entering MASTER state', '=> VRRP Instance is now owning VRRP VIPs <=\n'],
    [state('BACKUP'), 'Entering BACKUP state', '=> VRRP Instance is no longer owning VRRP VIPs <=\n'],
    [state('FAULT'), 'Entering FAULT state', '=> VRRP Instance is no longer owning VRRP VIPs <=\n'],
    [state('STOP'), 'Stopping', '=> VRRP Instance stopping <=\n'],
  ])('%j', (notice, what, text) => {
    expect(letterOf(notice, 'R1')).toEqual({ subject: `[R1] VRRP Instance VI_1 - ${what}`, text });
  });

  it('about a group names it', () => {
    expect(letterOf(state('MASTER', 'GROUP'), 'R1')).toEqual({
      subject: '[R1] VRRP Group G - Entering MASTER state',
      text: '=> All VRRP group instances are now in MASTER state <=\n',
    });
  });

  it.each(['INIT', 'DELETED'] as const)('is not sent about %s', (to) => {
    expect(letterOf(state(to), 'R1')).toBeNull();
  });
});
