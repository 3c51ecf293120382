/** `xlb mark add|list|delete`: rules that give packets a firewall mark. */
import { Command, InvalidArgumentError } from 'commander';
import type { MarkReport, MarksReport } from '../api/protocol/marks.ts';
import { type MarkSelectorSpec, parsePorts } from '../core/model/mark-rule.ts';
import type { PortRange, Prefix, Protocol } from '../core/model/model.ts';
import { parsePrefix } from '../core/model/prefix.ts';
import { isProtocol, MAX_MARK, PROTOCOLS } from '../core/model/service-key.ts';
import { type ChangeOptions, change, verb } from './change.ts';
import type { Env } from './env.ts';
import { type Column, table } from './format/table.ts';
import { tsv } from './format/tsv.ts';
import { type Noun, type NounOptions, showNoun, type View, withNounOptions } from './noun.ts';
import { numberArgument } from './usage.ts';

interface SelectorOptions extends ChangeOptions {
  readonly dst: Prefix;
  readonly src?: Prefix;
  readonly proto?: readonly Protocol[];
  readonly ports?: readonly PortRange[];
}

type Exit = (code: number) => void;

export function markCommand(env: Env, exit: Exit): Command {
  const add = withSelector(verb('add'))
    .description('give packets a firewall mark, so that they belong to its service, like 5/fwmark')
    .requiredOption('--mark <number>', 'the mark, 1 to 4294967295', numberArgument(1, MAX_MARK))
    .action(async (options: SelectorOptions & { readonly mark: number }) =>
      exit(await change(env, options, [{ type: 'mark.add', rule: { ...selectorOf(options), mark: options.mark } }])),
    );
  const list = withNounOptions(new Command('list'))
    .description('rules, the service of each mark, and whose the rule is')
    .action(async (options: NounOptions) => exit(await showNoun(env, options, MARKS)));
  const remove = withSelector(verb('delete'))
    .description('delete the rule that says exactly this')
    .action(async (options: SelectorOptions) =>
      exit(await change(env, options, [{ type: 'mark.delete', rule: selectorOf(options) }])),
    );
  return new Command('mark')
    .description('rules that give packets a firewall mark')
    .addCommand(add)
    .addCommand(list)
    .addCommand(remove);
}

function withSelector(command: Command): Command {
  return command
    .requiredOption('--dst <prefix>', 'destinations, like 203.0.113.0/24', prefix)
    .option('--proto <list>', 'tcp, udp, sctp, or some of them, like tcp,udp (all where left out)', protocols)
    .option('--ports <list>', 'destination ports, like 80,443,8000-8100 (all where left out)', ports)
    .option('--src <prefix>', 'sources, like 10.0.0.0/8 (from anywhere where left out)', prefix);
}

function selectorOf({ dst, src = undefined, proto = [], ports: ranges = [] }: SelectorOptions): MarkSelectorSpec {
  return { destination: dst, source: src ?? null, protocols: proto, ports: ranges };
}

function prefix(text: string): Prefix {
  const found = parsePrefix(text);
  if (found === null) throw new InvalidArgumentError('Expected an address or a prefix like 203.0.113.0/24.');
  return found;
}

function protocols(text: string): Protocol[] {
  const names = text.split(',');
  if (names.every(isProtocol)) return names;
  throw new InvalidArgumentError(`Expected ${PROTOCOLS.join(', ')}, or some of them, like tcp,udp.`);
}

function ports(text: string): PortRange[] {
  const found = parsePorts(text);
  if (found === null) throw new InvalidArgumentError('Expected ports from 1 to 65535, like 80,443,8000-8100.');
  return found;
}

const MARKS: Noun<MarksReport> = {
  fetch: (client) => client.marks(),
  text: ({ marks }, view) => marksText(marks, view),
  tsv: ({ marks }) => tsv(TSV_TITLES, marks.map(markRecord)),
};

const COLUMNS: readonly Column[] = [
  { title: 'DESTINATION', min: 20 },
  { title: 'PROTO', min: 7 },
  { title: 'PORTS', min: 16 },
  { title: 'SOURCE', min: 16 },
  { title: 'MARK', align: 'right' },
  { title: 'SERVICE' },
  { title: 'FROM' },
];

function marksText(marks: readonly MarkReport[], view: View): string {
  if (marks.length === 0)
    return 'no mark rules (xlb mark add --dst 203.0.113.0/24 --proto tcp --ports 80,443 --mark 5)\n';
  const rows = marks.map((rule) => {
    const { destination, protocols: names, ports: ranges, source, mark, service, origin } = rule;
    const leads = service ?? { text: 'none', tone: 'warn' as const };
    return [destination, names.join() || 'all', ranges.join() || 'all', source ?? 'any', `${mark}`, leads, origin];
  });
  return table(COLUMNS, rows, view);
}

const TSV_TITLES = ['destination', 'protocols', 'ports', 'source', 'mark', 'service', 'origin'] as const;

function markRecord({ protocols: names, ports: ranges, ...rest }: MarkReport) {
  return { ...rest, protocols: names.join(), ports: ranges.join() };
}
