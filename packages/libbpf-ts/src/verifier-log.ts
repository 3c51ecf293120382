// What libbpf said while an object was loaded, cut down to what a person needs.

import { effectiveCapabilities, missingCapabilities } from './capabilities.ts';
import { BpfError, errnoName, systemError } from './error.ts';

const BEGIN = /libbpf: prog '([^']*)': -- BEGIN PROG LOAD LOG --\n/g;
// "12: (61) r1 = ...", also after "from 3 to 5: ".
const INSTRUCTION = /(^|: )\d+: \([0-9a-f]{2}\)/;
const END = '-- END PROG LOAD LOG --';
const KEPT_LINES = 40;

/** The error for a failed load: `VERIFIER` if a program was refused with reasons, else the errno (`EAGAIN`: interrupted). */
export function loadError(
  errno: number,
  log: string,
  objectName: string,
  held: bigint = effectiveCapabilities(),
): BpfError {
  const refused = lastVerifierLog(log);
  const code = errnoName(errno);
  if (code === 'EAGAIN') return interrupted(errno, `${objectName}${culprit(log)}`);
  if (refused !== undefined && refused.log !== '') {
    const trimmed = trimVerifierLog(refused.log);
    const where = sourceLine(trimmed);
    const message = `the verifier refused program ${refused.program}${where}: ${reason(trimmed)}${stricter(held)} (bpf(BPF_PROG_LOAD): ${code})`;
    return new BpfError(message, {
      code: 'VERIFIER',
      errno,
      syscall: 'bpf(BPF_PROG_LOAD)',
      log: trimmed,
      fullLog: refused.log,
    });
  }
  return systemError(errno, {
    doing: `load ${objectName}${culprit(log)}`,
    syscall: log.includes('failed to create') ? 'bpf(BPF_MAP_CREATE)' : 'bpf(BPF_PROG_LOAD)',
    log: withoutPrefix(log),
    advice: {
      ENOENT: 'something that it names is not there; see log',
    },
  });
}

// The verifier's log then ends anywhere, and gives no reason. libbpf has tried five times.
function interrupted(errno: number, what: string): BpfError {
  const advice = {
    EAGAIN: 'signals interrupted the verifier again and again; the program was not refused, so try again',
  };
  return systemError(errno, { doing: `load ${what}`, syscall: 'bpf(BPF_PROG_LOAD)', advice });
}

// Without CAP_PERFMON the verifier refuses much that compilers emit, in words that do not say so.
function stricter(held: bigint): string {
  if (missingCapabilities(['CAP_PERFMON'], held).length === 0) return '';
  return '; this process lacks CAP_PERFMON, without which the verifier is stricter';
}

/** libbpf's messages without the prefix of each line. */
export function withoutPrefix(log: string): string {
  return log.replace(/^libbpf: /gm, '').trim();
}

/** The end of a verifier's log: the last steps and the reason, without statistics. */
export function trimVerifierLog(log: string): string {
  const lines = log.split('\n').filter((line) => !/^(processed \d+ insns|verification time|stack depth)/.test(line));
  while (lines.at(-1)?.trim() === '') lines.pop();
  if (lines.length <= KEPT_LINES) return lines.join('\n');
  return [`(${lines.length - KEPT_LINES} lines before)`, ...lines.slice(-KEPT_LINES)].join('\n');
}

function lastVerifierLog(log: string): { program: string; log: string } | undefined {
  const match = [...log.matchAll(BEGIN)].at(-1);
  if (match === undefined) return undefined;
  const start = match.index + match[0].length;
  const end = log.indexOf(END, start);
  return { program: match[1] as string, log: log.slice(start, end < 0 ? undefined : end).trim() };
}

// The verifier ends with its reasons, after the instruction that it did not like.
function reason(log: string): string {
  const lines = log.split('\n');
  const last = lines.findLastIndex((line) => INSTRUCTION.test(line) || line.startsWith(';'));
  const reasons = lines.slice(last + 1).filter((line) => line !== '' && !/^(cur|old) state:/.test(line));
  return reasons.join('; ') || (lines.at(-1) ?? '');
}

// The last line of C that the log shows: "; code @ file:line", before Linux 6.10 without the place.
function sourceLine(log: string): string {
  const line = log.split('\n').findLast((candidate) => /^; \S/.test(candidate));
  if (line === undefined) return '';
  const [code, place] = line.slice(2).split(' @ ');
  return ` at "${code}"${place ? ` (${place})` : ''}`;
}

function culprit(log: string): string {
  const match = /libbpf: (map|prog) '([^']*)': (failed|BPF program load failed)/.exec(log);
  if (match === null) return '';
  return match[1] === 'map' ? ` (map ${match[2]})` : ` (program ${match[2]})`;
}
