import { describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from './apply-command.ts';
import type { Command } from './command.ts';
import { fromDocument, toDocument } from './document.ts';
import { applyFile, type FileShare, NO_SHARE, shareOf } from './file-share.ts';
import { type MarkRuleSpec, markSelectorText, parsePorts } from './mark-rule.ts';
import type { Model } from './model.ts';
import { parsePrefix } from './prefix.ts';
import { isProtocol } from './service-key.ts';

/** `203.0.113.0/24 tcp,udp 80,443 from 10.0.0.0/8: 5` */
function rule(text: string): MarkRuleSpec {
  const [words = '', mark] = text.split(/: (\d+)$/);
  const [destination = '', ...rest] = words.replace(/ from .*/, '').split(' ');
  const source = / from (\S+)/.exec(words)?.[1];
  const protocols = rest.flatMap((word) => word.split(',')).filter(isProtocol);
  const ports = rest.find((word) => /^\d/.test(word));
  return {
    destination: parsePrefix(destination)!,
    source: source === undefined ? null : parsePrefix(source),
    protocols,
    ports: ports === undefined ? [] : parsePorts(ports)!,
    mark: Number(mark),
  };
}

const add = (text: string): Command => ({ type: 'mark.add', rule: rule(text) });

function model(...rules: string[]): Model {
  const applied = applyCommands(emptyModel, rules.map(add));
  if ('error' in applied) throw new Error(applied.error.message);
  return applied.model;
}

const textsOf = ({ marks }: Pick<Model, 'marks'>) =>
  [...marks.values()].map((each) => `${markSelectorText(each)}: ${each.mark}`);

describe('a rule', () => {
  it.each([
    ['2001:DB8::/32 udp 53: 7', '2001:db8::/32 udp 53: 7'],
    ['192.0.2.1/32 udp,tcp 443,80: 1', '192.0.2.1 tcp,udp 80,443: 1'],
    ['192.0.2.1 tcp,udp,sctp: 1', '192.0.2.1: 1'],
    ['192.0.2.0/24 tcp 80-90,91,85-99,1: 4294967295', '192.0.2.0/24 tcp 1,80-99: 4294967295'],
    ['192.0.2.1 from 0.0.0.0/0: 1', '192.0.2.1: 1'],
    ['0.0.0.0/0 from 10.0.0.0/8: 1', '0.0.0.0/0 from 10.0.0.0/8: 1'],
  ])('%s is %s', (text, expected) => {
    expect(textsOf(model(text))).toEqual([expected]);
  });

  it.each([
    [
      '192.0.2.1/24: 5',
      'rule.destination.address',
      'found 192.0.2.1/24, whose last bits are not 0; expected 192.0.2.0/24',
    ],
    ['192.0.2.1 from ::/64: 5', 'rule.source', 'found ::/64, expected an IPv4 prefix as the destination is'],
    ['192.0.2.1 tcp,tcp: 5', 'rule.protocols[1]', 'found "tcp" twice'],
    ['192.0.2.1: 0', 'rule.mark', 'found 0, expected an integer from 1 to 4294967295'],
  ])('%s is refused', (text, path, message) => {
    expect(applyCommands(emptyModel, [add(text)])).toMatchObject({ error: { code: 'invalid', path, message } });
  });
});

describe('rules beside each other', () => {
  const BESIDE = '192.0.2.0/24 tcp 80-90: 5';
  it.each([
    ['the same', '192.0.2.0/24 tcp 80-90: 6', 'mark-exists'],
    ['ranges that cross', '192.0.2.0/24 tcp 90-99: 6', 'mark-ambiguous'],
    ['the same range among others', '192.0.2.0/24 tcp 1,80-90: 6', 'mark-ambiguous'],
    ['protocols that cross', '192.0.2.0/24 tcp,udp 80-90: 6', null],
    ['a range inside', '192.0.2.0/24 tcp 85: 6', null],
    ['all ports', '192.0.2.0/24 tcp: 6', null],
    ['another protocol', '192.0.2.0/24 udp 85-99: 6', null],
    ['another destination', '192.0.2.0/25 tcp 85-99: 6', null],
    ['a source', '192.0.2.0/24 tcp 85-99 from 10.0.0.0/8: 6', null],
    ['ranges that cross, with the same mark', '192.0.2.0/24 tcp 90-99: 5', null],
  ])('%s', (_title, text, code) => {
    const applied = applyCommands(model(BESIDE), [add(text)]);
    expect('error' in applied ? applied.error.code : null).toBe(code);
  });

  it('say where they meet', () => {
    const applied = applyCommands(model('192.0.2.1 tcp,udp 80: 1'), [add('192.0.2.1 udp,sctp 80: 2')]);
    expect(applied).toMatchObject({
      error: {
        path: 'rule',
        message:
          "'192.0.2.1 udp,sctp 80' has mark 2, and '192.0.2.1 tcp,udp 80' has mark 1: neither is narrower for udp 80, expected one mark there",
      },
    });
  });

  it('go by what they say, whatever the order of the words', () => {
    const gone = applyCommands(model('192.0.2.1 tcp 80,443: 1'), [
      { type: 'mark.delete', rule: rule('192.0.2.1 tcp 443,80: 9') },
    ]);
    expect('model' in gone && textsOf(gone.model)).toEqual([]);
    const unknown = applyCommands(emptyModel, [{ type: 'mark.delete', rule: rule('192.0.2.1: 1') }]);
    expect(unknown).toMatchObject({ error: { code: 'no-such-mark', message: "there is no mark rule '192.0.2.1'" } });
  });
});

it('are part of the document', () => {
  const before = model('192.0.2.0/24 tcp 80,443: 5', '2001:db8::/32 from 2001:db8:1::/48: 6');
  const loaded = fromDocument(JSON.parse(JSON.stringify(toDocument(before))));
  expect('model' in loaded && [...loaded.model.marks]).toEqual([...before.marks]);
  const twice = { ...toDocument(before), marks: [...before.marks.values(), ...before.marks.values()] };
  expect(fromDocument(twice)).toMatchObject({ error: { path: 'marks[2]' } });
});

describe('of a file', () => {
  const share = (...rules: string[]): FileShare => {
    const made = shareOf({ marks: rules.map(rule) });
    if ('error' in made) throw new Error(made.error.message);
    return made.share;
  };
  const [A, B, OTHER] = ['192.0.2.1 tcp 80: 1', '192.0.2.2 tcp 80: 2', '192.0.2.3 tcp 80: 3'];

  it.each<[string, string[], string[], string[], string[]]>([
    ['come', [OTHER], [], [A], [OTHER, A]],
    ['go', [OTHER, A], [A], [], [OTHER]],
    ['get another mark', [A], [A], ['192.0.2.1 tcp 80: 9'], ['192.0.2.1 tcp 80: 9']],
    ['stay as commands left them', [OTHER], [A], [A, B], [OTHER, B]],
    [
      'push out a command that cannot stand beside them',
      ['192.0.2.1 tcp 70-80: 7'],
      [],
      ['192.0.2.1 tcp 80-90: 8'],
      ['192.0.2.1 tcp 80-90: 8'],
    ],
  ])('%s', (_title, running, before, after, expected) => {
    expect(textsOf(applyFile(model(...running), share(...before), share(...after), 'changed'))).toEqual(expected);
  });

  it('are alone, or leave everything as it is', () => {
    const running = model(OTHER, A);
    expect(textsOf(applyFile(running, NO_SHARE, share(B), 'alone'))).toEqual([B]);
    expect(applyFile(running, share(A), share(A), 'changed').marks).toBe(running.marks);
  });
});
