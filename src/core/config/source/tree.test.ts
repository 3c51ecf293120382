import { describe, expect, it } from 'vitest';
import { faultsOf, loadText } from '../testing.ts';

const INSTANCE = 'interface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 192.0.2.1 }\n';

describe('braces', () => {
  it.each([
    ['on the line of the keyword', `vrrp_instance A {\n${INSTANCE}}`],
    ['on the next line', `vrrp_instance A\n{\n${INSTANCE}}`],
    ['around one line', `vrrp_instance A {\n${INSTANCE}track_interface { eth0 } }`],
    ['without blanks', `vrrp_instance A{\n${INSTANCE}track_interface{eth0}}`],
    ['with a comment before them', `vrrp_instance A # first\n{ # here\n${INSTANCE}}`],
    ['with CRLF', `vrrp_instance A {\n${INSTANCE}}`.replaceAll('\n', '\r\n')],
  ])('may stand %s', (_title, text) => {
    expect(faultsOf(text)).toEqual([]);
    expect(loadText(text).file.vrrp_instance?.[0]?.block.virtual_router_id?.[0]?.value).toBe(1);
  });

  it.each([
    [
      'before the next block',
      `vrrp_instance A {\n${INSTANCE}\nvrrp_instance B {\n${INSTANCE.replace('1', '2')}}`,
      ["1:17 error found no '}' that closes 'vrrp_instance A', expected one before 'vrrp_instance' (x.conf:6)"],
    ],
    [
      'at the end of a list',
      'vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\nnopreempt\npriority 7\n}',
      ["4:19 error found no '}' that closes 'virtual_ipaddress', expected one before 'nopreempt' (x.conf:6)"],
    ],
    [
      'at the end of a list of names, before a block',
      `vrrp_instance A {\n${INSTANCE}track_interface {\neth0\nauthentication {\nauth_type PASS\nauth_pass x\n}\n}`,
      ["5:17 error found no '}' that closes 'track_interface', expected one before 'authentication' (x.conf:7)"],
    ],
    [
      'at the end of the file',
      `vrrp_instance A {\n${INSTANCE}`,
      ["1:17 error found no '}' that closes 'vrrp_instance A', expected one before the end of the file (x.conf:4)"],
    ],
  ])('are missed %s, once', (_title, text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  it('tells by indentation which one is missing', () => {
    const text = [
      'virtual_server 192.0.2.1 80 {',
      '  lb_algo rr',
      '  lb_kind DR',
      '  protocol TCP',
      '  real_server 10.0.0.1 80 {',
      '    TCP_CHECK {',
      '      connect_timeout 3',
      '  }',
      '}',
    ].join('\n');
    expect(loadText(text).faults).toMatchObject([
      {
        at: { line: 1 },
        hint: "perhaps 'TCP_CHECK', opened at x.conf:6, lacks its '}': the one at x.conf:8 stands further left than it",
      },
    ]);
  });

  it.each([
    ['a block without its brace', `vrrp_instance A\n${INSTANCE}}`, ["1:15 error found no '{' after 'vrrp_instance A'"]],
    ['a list without its brace', `vrrp_sync_group G {\ngroup\nA\n}\n}\n`, ["2:1 error found no '{' after 'group'"]],
    [
      'one that opens nothing',
      `vrrp_instance A {\npriority 7 {\n${INSTANCE}}`,
      ["2:12 error found '{' after 'priority 7'"],
    ],
    [
      'a pair that opens nothing',
      `vrrp_instance A {\npriority 7 { }\n${INSTANCE}}`,
      ["2:12 error found '{' after 'priority 7'"],
    ],
    ['one too many', `vrrp_instance A {\n${INSTANCE}}\n}`, ["6:1 error found '}', but no block is open"]],
    ['one without a keyword', `{\nvrrp_instance A {\n${INSTANCE}}`, ["1:1 error found '{' without a keyword"]],
    [
      'an unknown block',
      `foo {\nbar {\nx\n}\n}\nvrrp_instance A {\n${INSTANCE}}`,
      ["1:1 error found unknown keyword 'foo'"],
    ],
  ])('tells of %s at the right place', (_title, text, starts) => {
    const faults = faultsOf(text).filter(
      (fault) => !fault.includes('vrrp_sync_group G') && !fault.includes("found 'A'"),
    );
    expect(faults.map((fault, i) => fault.slice(0, starts[i]?.length))).toEqual(starts);
  });
});

describe('quotes', () => {
  it.each([
    ['keep blanks', 'vrrp_script s { script "a b" }', 'a b'],
    ['are taken out of the middle of a word', `vrrp_script s { script a"b c"'d e' }`, 'ab cd e'],
    ['keep those of the other kind', `vrrp_script s { script "a 'b c'" }`, "a 'b c'"],
    ['keep braces', 'vrrp_script s { script "a {b}" }', 'a {b}'],
  ])('%s', (_title, text, expected) => {
    expect(loadText(text).file.vrrp_script?.[0]?.block.script?.[0]?.value.text).toBe(expected);
  });

  it('must be closed, and nothing else is said of it', () => {
    expect(faultsOf(`vrrp_instance A {\n${INSTANCE}priority "7\n}`)).toEqual([
      '5:10 error found "7, expected a closing " on the same line',
    ]);
  });
});
