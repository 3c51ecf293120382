/** Rules that give packets a firewall mark. */
import { type MarkRuleSpec, makeMarkRule, markSelectorText, parsePorts } from '../../model/mark-rule.ts';
import type { MarkRule, PortRange, Prefix, Protocol } from '../../model/model.ts';
import { addressBits } from '../../model/prefix.ts';
import { isProtocol, MAX_MARK } from '../../model/service-key.ts';
import type { Args, Form } from '../form.ts';
import type { Word } from '../source/tokens.ts';
import { readPrefix } from './addresses.ts';
import { integer } from './numbers.ts';

const mark = integer(1, MAX_MARK, 'MARK');

/** `5 203.0.113.0/24 tcp,udp 80,443,8000-8100 from 10.0.0.0/8` */
export const markRule: Form<MarkRule> = {
  syntax: 'MARK PREFIX [tcp\\|udp\\|sctp[,...]] [PORT[-LAST][,...]] [from PREFIX]',
  read(args) {
    const value = mark.read(args);
    const first = value === undefined ? undefined : args.peek();
    const destination = first && readWhole(args, args.take());
    if (value === undefined || destination === undefined) return first ? undefined : missing(args, value);
    const protocols = readProtocols(args);
    const ports = readPorts(args);
    const source = args.takeIf('from') ? readWhole(args, args.take()) : null;
    if (protocols === undefined || ports === undefined || source === undefined) return undefined;
    return made(args, first, { destination, source, protocols, ports, mark: value });
  },
  print: (rule) => `${rule.mark} ${markSelectorText(rule)}`,
};

function missing(args: Args, value: number | undefined): undefined {
  return value === undefined ? undefined : args.fault(undefined, 'the prefix of the destinations');
}

/** What fits in its parts may not fit together. */
function made(args: Args, word: Word | undefined, spec: MarkRuleSpec): MarkRule | undefined {
  const rule = makeMarkRule(spec);
  if (!('code' in rule)) return rule;
  args.report.error((word ?? args.keyword).at, `${rule.path}: ${rule.message}`);
  return undefined;
}

function readWhole(args: Args, word: Word | undefined): Prefix | undefined {
  const prefix = readPrefix(args, word, 'an IPv4 or IPv6 address or prefix');
  return prefix && { address: prefix.address, length: prefix.length ?? addressBits(prefix.address) };
}

function readProtocols(args: Args): Protocol[] | undefined {
  const word = args.peek();
  if (word === undefined || !/^[a-z]/.test(word.text) || word.text === 'from') return [];
  const names = args.take()!.text.split(',');
  if (names.every(isProtocol)) return names;
  return args.fault(word, 'protocols, like tcp or tcp,udp');
}

function readPorts(args: Args): PortRange[] | undefined {
  const word = args.peek();
  if (word === undefined || word.text === 'from') return [];
  args.take();
  return parsePorts(word.text) ?? args.fault(word, 'ports from 1 to 65535, like 80,443,8000-8100');
}
