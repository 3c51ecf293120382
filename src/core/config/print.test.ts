import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Args, type Form } from './form.ts';
import type { Keyword, Table } from './keyword.ts';
import { ROOT } from './keywords/root.ts';
import { printConfig } from './print.ts';
import { Report } from './report.ts';
import { Text } from './source/text.ts';
import { tokenize } from './source/tokens.ts';
import { loadText } from './testing.ts';

/** Words that some forms take and others do not. */
const POOL = [
  ...[
    '',
    '0',
    '1',
    '2',
    '3',
    '7',
    '16',
    '40',
    '99',
    '200',
    '0.5',
    '2.25',
    '1000',
    '65535',
    '-30',
    '-30 reverse',
    '20 overwrite',
  ],
  ...[
    'on',
    'off',
    'yes',
    'all 5',
    '5',
    'eth0',
    'NAME',
    '"two words"',
    '\'a "quoted" word\'',
    '"/bin/x \'one two\' \\x41"',
    '/bin/x.sh',
  ],
  ...[
    '"/bin/x a" user',
    '"/bin/x a" user group',
    'user :',
    'mail.example.com 25',
    'root@example.com "Me <me@example.com>"',
  ],
  ...['192.0.2.1', '192.0.2.1 80', '2001:db8::1', '2001:DB8:0::1 443', '224.0.0.18', 'ff02::12', '127.0.0.1 9100'],
  ...[
    '192.0.2.1/24 dev eth0 scope link label eth0:1',
    '2001:db8::1/64 nodad preferred_lft forever',
    '192.0.2.1 min_ttl 250',
  ],
  ...[
    'default via 192.0.2.254 dev eth0 table 10',
    'blackhole 10.0.0.0/8',
    'src 10.0.0.1 to 10.1.0.0/16 gw 10.0.0.2 metric 5',
  ],
  ...['from 10.0.0.0/8 table 100 priority 7', 'not fwmark 0x1 lookup main', 'NAME weight 10', 'NAME weight -5 reverse'],
  ...['5 203.0.113.0/24 tcp,udp 80,443,8000-8100 from 10.0.0.0/8', '5 2001:db8::/48', '5 192.0.2.1 from 10.0.0.1'],
  ...['192.0.2.1-9 ports 1024-2047', '192.0.2.16/28 dpdk0', '192.0.2.1 eth0 ports 1-9', '2001:db8::1-f'],
  ...['fwmark 7', 'fwmark 7 inet6', 'group G', '192.0.2.1-9 80', '192.0.2.0/29 80-90', '2001:db8::1-ff 80'],
  ...[
    'NAT',
    'DR',
    'TUN',
    'FULLNAT',
    'TUN type gue port 6080 csum',
    'TUN type gre',
    'tcp 900 udp 300',
    'eth0 inst VI id 3 ttl 1',
  ],
  ...['eth0 VI_1', 'MASTER', 'BACKUP', 'PASS', 'AH', 'rr', 'mh', 'TCP', 'SCTP', 'inet6', 'sip', '255.255.255.0', '64'],
  ...[
    '200 300-399',
    '00112233445566778899aabbccddeeff',
    '/index.html',
    '1.1',
    'MX',
    'ab12 XX',
    'deadbeef',
    'native',
    'eth0 generic',
  ],
  ...['initial', 'time', 'enforce', 'allow_if_changes', 'VS', 'never', 'MTU', '3 hex:00ff', 'info', 'ACL 1'],
];

function accepts(form: Form<unknown>, words: string): boolean {
  const report = new Report();
  const tokens = tokenize([Text.verbatim(`keyword ${words}`, { file: 'x', line: 1, column: 1 })], report);
  const [keyword, ...rest] = tokens.filter((token) => token.kind === 'word');
  const args = new Args(keyword!, rest, report);
  form.read(args);
  args.finish();
  return report.faults.every(({ severity }) => severity === 'warning');
}

const accepted = new Map<Form<unknown>, string[]>();

function samplesOf(form: Form<unknown>): string[] {
  const known = accepted.get(form) ?? POOL.filter((words) => accepts(form, words));
  accepted.set(form, known);
  return known;
}

function formsOf(table: Table, path = ''): (readonly [string, Form<unknown>])[] {
  return Object.entries(table).flatMap(([name, known]) => {
    const here = `${path}${name}`;
    const forms: (readonly [string, Form<unknown>])[] = [[here, known.form]];
    if (known.kind === 'block') return [...forms, ...formsOf(known.keywords, `${here} `)];
    return 'entry' in known ? [...forms, [`${here} {}`, known.entry]] : forms;
  });
}

/** Any file of keywords with words that they take. */
function statement(name: string, known: Keyword, depth: number): fc.Arbitrary<string> {
  const head = fc.constantFrom(...samplesOf(known.form)).map((words) => `${name} ${words}`);
  if (known.kind === 'plain') return head;
  const inside =
    known.kind === 'block'
      ? statements(known.keywords, depth + 1)
      : fc
          .array(fc.constantFrom(...samplesOf(known.entry).filter((words) => words !== '')), { maxLength: 3 })
          .map((lines) => lines.join('\n'));
  return fc.tuple(head, inside).map(([first, body]) => `${first} {\n${body}\n}`);
}

function statements(table: Table, depth: number): fc.Arbitrary<string> {
  const names = Object.keys(table);
  return fc
    .array(fc.constantFrom(...names), { maxLength: depth === 0 ? 6 : 4 })
    .chain((chosen) => fc.tuple(...chosen.map((name) => statement(name, table[name]!, depth))))
    .map((lines) => lines.join('\n'));
}

describe('printConfig', () => {
  it.each(formsOf(ROOT))('%s takes some words and prints them so that they are read as the same', (_path, form) => {
    const samples = samplesOf(form);
    expect(samples).not.toEqual([]);
    for (const words of samples) expect(reprinted(form, words)).toEqual(read(form, words));
  });

  it('prints what is read as the same', () => {
    fc.assert(
      fc.property(statements(ROOT, 0), (text) => {
        const { file } = loadText(text);
        const printed = loadText(printConfig(file)).file;
        expect(meaning(printed, ROOT)).toEqual(meaning(file, ROOT));
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  it('prints in one way what is written in several', () => {
    const text =
      '$P=7\nvrrp_instance A\n{\nvirtual_ipaddress { 192.0.2.1 }\n@other priority 1\npriority 3 # no\npriority $P }\n';
    expect(printConfig(loadText(text).file)).toBe(
      'vrrp_instance A {\n  priority 7\n  virtual_ipaddress {\n    192.0.2.1\n  }\n}',
    );
  });
});

interface Bare {
  readonly value: unknown;
  readonly block?: object;
  readonly entries?: readonly { readonly value: unknown }[];
}

/** Values alone, without the words and places that they come from; of what stands once, the last. */
function meaning(block: object, table: Table): unknown {
  return Object.entries(table).flatMap(([name, known]) => {
    const settings = (block as Record<string, Bare[]>)[name] ?? [];
    const counting = known.many ? settings : settings.slice(-1);
    return counting.map((setting) => ({
      name,
      value: setting.value,
      inside: known.kind === 'block' ? meaning(setting.block!, known.keywords) : null,
      entries: setting.entries?.map(({ value }) => value),
    }));
  });
}

function read(form: Form<unknown>, words: string): unknown {
  const report = new Report();
  const tokens = tokenize([Text.verbatim(`keyword ${words}`, { file: 'x', line: 1, column: 1 })], report);
  const [keyword, ...rest] = tokens.filter((token) => token.kind === 'word');
  return form.read(new Args(keyword!, rest, report));
}

function reprinted(form: Form<unknown>, words: string): unknown {
  return read(form, form.print(read(form, words)));
}
