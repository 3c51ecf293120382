/** A rule of the configuration as the kernel is to hold it. */
import { type Rule, rule as ruleForm } from '../../core/config/forms/ip.ts';
import { addressFamily } from '../../core/model/address.ts';
import {
  type Destination,
  PROTOCOL_KEEPALIVED,
  type Range,
  type RuleAction,
  type RuleAssignment,
  type Untranslated,
} from './assignments.ts';
import type { IpNames } from './ip-names.ts';
import { found, namedWord, numberWord, prefixWord, realmsWord, refuse, translated, U32_MAX } from './words.ts';

export interface RuleContext {
  readonly names: IpNames;
  /**
   * Of a rule that names none. keepalived counts down from 16384, one a rule and
   * family, so that the order does not depend on who became MASTER first.
   */
  readonly priority: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Draft extends Omit<Mutable<RuleAssignment>, 'family' | 'action' | 'priority'> {
  family: 4 | 6 | null;
  action: RuleAction | null;
  priority: number | null;
}

const EVERYTHING: ReadonlySet<string> = new Set(['default', 'any', 'all']);
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** `no_track` and `track_group` are the caller's matter. */
export function ruleAssignment(form: Rule, context: RuleContext): RuleAssignment | Untranslated {
  return translated(ruleForm.print(form), () => {
    const draft = startDraft();
    for (const [word = '', text = ''] of form.options) {
      const read = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
      if (read === undefined) refuse(`found '${word}', expected a word of ip rule that xlb can carry out`);
      else read(draft, text, word, context.names);
    }
    return finish(draft, context);
  });
}

function startDraft(): Draft {
  return {
    ...{ family: null, action: null, invert: false, priority: null, from: null, to: null },
    ...{ inputInterface: null, outputInterface: null, mark: null, tos: 0, realms: null },
    ...{ suppressPrefixLength: null, suppressGroup: null, tunnel: null, users: null },
    ...{ protocol: PROTOCOL_KEEPALIVED, ipProtocol: null, sourcePorts: null, destinationPorts: null },
  };
}

type Reader = (draft: Draft, text: string, word: string, names: IpNames) => void;

const readTable: Reader = (draft, text, word, { tables }) => {
  const table = namedWord(text, word, tables, U32_MAX);
  act(draft, table === 0 ? found(text, word, 'a table, from 1 on') : { type: 'lookup', table });
};
const readPriority: Reader = (draft, text, word) => {
  draft.priority = numberWord(text, word);
};
const readTos: Reader = (draft, text, word, { dsfields }) => {
  draft.tos = namedWord(text, word, dsfields, 255);
};
const readInput: Reader = (draft, text) => {
  draft.inputInterface = text;
};
const readProtocol: Reader = (draft, text, word, { protocols }) => {
  draft.protocol = namedWord(text, word, protocols, 255);
};
const readFamily: Reader = (draft, _, word) => belong(draft, word === 'inet' ? 4 : 6, word);
const readAction: Reader = (draft, _, word) => act(draft, { type: word as 'nop' });
const ignore: Reader = () => {};

const WORDS: Readonly<Record<string, Reader>> = {
  ...{ table: readTable, lookup: readTable, iif: readInput, dev: readInput, tos: readTos, dsfield: readTos },
  ...{ priority: readPriority, preference: readPriority, pref: readPriority, order: readPriority },
  ...{ protocol: readProtocol, proto: readProtocol, inet: readFamily, inet6: readFamily },
  ...{ nop: readAction, blackhole: readAction, unreachable: readAction, prohibit: readAction, l3mdev: readAction },
  ...{ no_track: ignore, track_group: ignore },
  from(draft, text, word) {
    draft.from = endOf(draft, text, word);
  },
  to(draft, text, word) {
    draft.to = endOf(draft, text, word);
  },
  not(draft) {
    draft.invert = true;
  },
  oif(draft, text) {
    draft.outputInterface = text;
  },
  fwmark(draft, text, word) {
    const [value = '', mask] = text.split('/');
    draft.mark = {
      value: numberWord(value, word),
      mask: mask === undefined ? U32_MAX : numberWord(mask, word),
    };
  },
  realms(draft, text, word, { realms }) {
    draft.realms = realmsWord(text, word, realms);
    belong(draft, 4, word);
  },
  goto(draft, text, word) {
    act(draft, { type: 'goto', priority: numberWord(text, word) });
  },
  suppress_prefixlength(draft, text, word) {
    draft.suppressPrefixLength = numberWord(text, word, 128);
  },
  suppress_ifgroup(draft, text, word, { groups }) {
    draft.suppressGroup = namedWord(text, word, groups, 0x7fff_ffff);
  },
  tun_id(draft, text, word) {
    const value = /^\d+$/.test(text) ? BigInt(text) : U64_MAX + 1n;
    draft.tunnel = value <= U64_MAX ? value : found(text, word, `a number from 0 to ${U64_MAX}`);
  },
  uidrange(draft, text, word) {
    draft.users = rangeOf(text, word, U32_MAX, 'USER-USER');
  },
  ipproto(draft, text, word, { ipProtocols }) {
    draft.ipProtocol = namedWord(text, word, ipProtocols, 255);
  },
  sport(draft, text, word) {
    draft.sourcePorts = rangeOf(text, word, 65535, 'PORT or PORT-PORT');
  },
  dport(draft, text, word) {
    draft.destinationPorts = rangeOf(text, word, 65535, 'PORT or PORT-PORT');
  },
};

function act(draft: Draft, action: RuleAction): void {
  if (draft.action !== null) refuse(`found '${action.type}' beside '${draft.action.type}', expected one action`);
  draft.action = action;
}

function belong(draft: Draft, family: 4 | 6, word: string): void {
  draft.family ??= family;
  if (draft.family !== family) refuse(`found '${word}' of IPv${family}, expected IPv${draft.family} as before`);
}

function endOf(draft: Draft, text: string, word: string): Destination | null {
  if (EVERYTHING.has(text)) return null;
  const end = prefixWord(text, word);
  belong(draft, addressFamily(end.address), word);
  return end.length === 0 ? null : end;
}

function rangeOf(text: string, word: string, max: number, expected: string): Range {
  const [first = '', last = first] = text.split('-');
  const range = { first: numberWord(first, word, max), last: numberWord(last, word, max) };
  return range.first <= range.last ? range : found(text, word, `${expected}, the smaller number first`);
}

function finish(draft: Draft, context: RuleContext): RuleAssignment {
  const { action } = draft;
  const priority = draft.priority ?? context.priority;
  if (action === null) {
    return refuse(
      "found no action, expected 'table', 'goto', 'nop', 'blackhole', 'unreachable', 'prohibit' or 'l3mdev'",
    );
  }
  if (action.type === 'goto' && action.priority <= priority) {
    refuse(`found '${action.priority}' after 'goto', expected more than the rule's own priority ${priority}`);
  }
  const tableOnly = draft.suppressPrefixLength ?? draft.suppressGroup ?? draft.realms;
  if (tableOnly !== null && action.type !== 'lookup') {
    refuse(`found a suppressor or realms beside '${action.type}', expected 'table'`);
  }
  return { ...draft, family: draft.family ?? 4, action, priority };
}
