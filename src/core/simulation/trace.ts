/**
 * Flows from a file, one a line:
 *
 *   CLIENT PORT [VIRTUAL-ADDRESS [PORT]] [at=SECONDS] [for=SECONDS]
 *
 * `#` begins a comment. The virtual port may stand there because logs have it:
 * no scheduler looks at it. Either every flow says when it opens (`at=`, in any
 * order), or none does.
 */
import { addressFamily, type Family, parseAddress } from '../model/address.ts';
import type { Address } from '../model/model.ts';

export interface TraceFlow {
  readonly source: Address;
  readonly sourcePort: number;
  /** null: the service's virtual address. */
  readonly destination: Address | null;
  /** Seconds from the start; null: not said. */
  readonly at: number | null;
  /** Seconds that it stays open; null: not said. */
  readonly lasts: number | null;
}

export interface TraceFault {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly expected: string;
}

export interface Trace {
  readonly flows: readonly TraceFlow[];
  /** Where there are any, the flows are not all. */
  readonly faults: readonly TraceFault[];
  /** Of every address in it. */
  readonly family: Family;
}

/** What lines before settle for those after. */
interface Settled {
  family: Family | null;
  /** The first flow: whether it says when it opens. */
  first: { readonly line: number; readonly isTimed: boolean } | null;
}

interface Word {
  readonly text: string;
  readonly column: number;
}

type Refused = Omit<TraceFault, 'line'>;

/** `family`: the service's; null: what the first flow has. */
export function parseTrace(text: string, family: Family | null): Trace {
  const settled: Settled = { family, first: null };
  const flows: TraceFlow[] = [];
  const faults: TraceFault[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const words = wordsOf(content.replace(/#.*/, ''));
    if (words.length === 1) continue;
    const flow = readFlow(words, settled, index + 1);
    if ('found' in flow) faults.push({ line: index + 1, ...flow });
    else flows.push(flow);
  }
  if (flows.length === 0 && faults.length === 0) {
    faults.push({ line: 1, column: 1, found: 'no flow in the whole file', expected: 'lines of CLIENT PORT' });
  }
  return { flows, faults, family: settled.family ?? 4 };
}

/** With an empty one at the end. */
function wordsOf(content: string): Word[] {
  const words = Array.from(content.matchAll(/\S+/g), (match) => ({ text: match[0], column: match.index + 1 }));
  return [...words, { text: '', column: content.trimEnd().length + 1 }];
}

function readFlow(words: readonly Word[], settled: Settled, line: number): TraceFlow | Refused {
  const places = words.filter(({ text }) => !text.includes('='));
  const [client, port, virtual, virtualPort, surplus] = places.slice(0, -1);
  const end = places.at(-1)!;
  const fault =
    addressFault(client ?? end, "the client's IPv4 or IPv6 address", settled.family) ??
    portFault(port ?? end, "the client's port, 0 to 65535") ??
    (virtual && addressFault(virtual, 'the virtual address', addressFamily(parseAddress(client!.text)!))) ??
    (virtualPort && portFault(virtualPort, 'the virtual port, 0 to 65535')) ??
    (surplus && refused(surplus, 'at=SECONDS, for=SECONDS or the end of the line'));
  if (fault !== undefined) return fault;
  const times = readTimes(words.filter(({ text }) => text.includes('=')));
  if ('found' in times) return times;
  const source = parseAddress(client!.text)!;
  settled.family ??= addressFamily(source);
  settled.first ??= { line, isTimed: times.at !== null };
  if (settled.first.isTimed !== (times.at !== null)) return untimely(words, settled.first);
  const destination = virtual === undefined ? null : parseAddress(virtual.text);
  return { source, sourcePort: Number(port!.text), destination, ...times };
}

function addressFault(word: Word, expected: string, family: Family | null): Refused | undefined {
  const address = parseAddress(word.text);
  if (address === null) return refused(word, expected);
  if (family === null || addressFamily(address) === family) return undefined;
  return refused(word, `an IPv${family} address, like all others`);
}

function portFault(word: Word, expected: string): Refused | undefined {
  return /^\d{1,5}$/.test(word.text) && Number(word.text) <= 65535 ? undefined : refused(word, expected);
}

const TIME = /^(at|for)=(\d{1,9}(?:\.\d+)?)$/;

function readTimes(words: readonly Word[]): Pick<TraceFlow, 'at' | 'lasts'> | Refused {
  const times: { at: number | null; lasts: number | null } = { at: null, lasts: null };
  for (const word of words) {
    const [, name, seconds] = TIME.exec(word.text) ?? [];
    const key = name === 'at' ? 'at' : 'lasts';
    if (seconds === undefined) return refused(word, 'at=SECONDS or for=SECONDS, like for=2.5');
    if (times[key] !== null) return refused(word, `one ${name}= in a line`);
    times[key] = Number(seconds);
  }
  return times;
}

function untimely(words: readonly Word[], first: { readonly line: number; readonly isTimed: boolean }): Refused {
  const timed = words.find(({ text }) => text.startsWith('at='));
  if (timed !== undefined) return refused(timed, `no at=, as in line ${first.line}`);
  return refused(words.at(-1)!, `at=SECONDS, as in line ${first.line}`);
}

function refused({ text, column }: Word, expected: string): Refused {
  return { column, found: text === '' ? 'the end of the line' : JSON.stringify(text), expected };
}
