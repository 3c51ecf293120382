import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { permissionAdvice } from '../src/capabilities.ts';
import { BpfError, check, errnoName, systemError } from '../src/error.ts';
import { loadError, trimVerifierLog } from '../src/verifier-log.ts';

const ALL = (1n << 41n) - 1n;

describe('an error', () => {
  const rows: [number, string | undefined, string, string][] = [
    [2, '/sys/fs/bpf/x', 'ENOENT', 'nothing is at /sys/fs/bpf/x'],
    [13, '/sys/fs/bpf/x', 'EACCES', 'access denied to /sys/fs/bpf/x; check the owner and mode of the file'],
    [17, '/sys/fs/bpf/x', 'EEXIST', '/sys/fs/bpf/x exists already'],
    [12, undefined, 'ENOMEM', 'the kernel is out of memory; make the maps smaller'],
    [19, undefined, 'ENODEV', 'no such network interface in this network namespace'],
    [524, undefined, 'ENOTSUPP', 'this kernel, or this kind of object, does not support it'],
    [3000, undefined, 'ERRNO_3000', 'the kernel refused'],
  ];
  it.each(rows)('for errno %i says what to do', (errno, path, code, advice) => {
    const error = systemError(errno, { doing: 'work', syscall: 'call', ...(path === undefined ? {} : { path }) });
    expect(error).toMatchObject({ name: 'BpfError', code, errno, syscall: 'call' });
    expect(error.message).toBe(`cannot work: ${advice} (call: ${code})`);
  });

  it('is thrown for negative results only', () => {
    const context = () => ({ doing: 'work', syscall: 'call', advice: { EPERM: 'ask the owner' } });
    expect(check(5, context)).toBe(5);
    expect(() => check(-1, context)).toThrow('cannot work: ask the owner (call: EPERM)');
  });

  it('keeps a long log out of what is printed', () => {
    const error = new BpfError('no', { code: 'VERIFIER', log: 'short', fullLog: 'long'.repeat(1000) });
    expect(error.fullLog?.length).toBe(4000);
    expect(inspect(error)).not.toContain('longlong');
    expect(error).toBeInstanceOf(Error);
  });

  it('names errnos as the kernel does', () => {
    expect([11, 95].map(errnoName)).toEqual(['EAGAIN', 'EOPNOTSUPP']);
  });
});

describe('EPERM', () => {
  const all = ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'] as const;
  const rows: [string, bigint, string][] = [
    ['nothing', 0n, 'this process lacks CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON'],
    ['CAP_BPF', 1n << 39n, 'this process lacks CAP_NET_ADMIN and CAP_PERFMON'],
    ['CAP_BPF and CAP_PERFMON', 3n << 38n, 'this process lacks CAP_NET_ADMIN (or'],
    ['all of them', (3n << 38n) | (1n << 12n), 'though no capability is missing'],
    ['CAP_SYS_ADMIN', 1n << 21n, 'though no capability is missing'],
  ];
  it.each(rows)('with %s names what is missing', (_, held, sentence) => {
    expect(permissionAdvice(all, held)).toContain(sentence);
  });
});

describe("the verifier's log", () => {
  const steps = Array.from({ length: 100 }, (_, i) => `${i}: (b7) r0 = ${i}`).join('\n');
  const log = `libbpf: prog 'p': BPF program load failed: Permission denied
libbpf: prog 'p': -- BEGIN PROG LOAD LOG --
${steps}
; return data[1]; @ p.c:7
100: (71) r0 = *(u8 *)(r1 +100)
invalid access to packet, off=100 size=1
R1 offset is outside of the packet
processed 3 insns (limit 1000000) max_states_per_insn 0
-- END PROG LOAD LOG --
libbpf: prog 'p': failed to load: -13
libbpf: failed to load object 'x'
`;

  it('is cut to the end, without statistics', () => {
    const error = loadError(13, log, 'x', ALL);
    expect(error.message).toBe(
      'the verifier refused program p at "return data[1];" (p.c:7): invalid access to packet, off=100 size=1; ' +
        'R1 offset is outside of the packet (bpf(BPF_PROG_LOAD): EACCES)',
    );
    expect(error.log?.split('\n').length).toBe(41);
    expect(error.log).toMatch(/^\(64 lines before\)\n/);
    expect(error.fullLog).toContain('processed 3 insns');
  });

  it('gives no reason where signals interrupted the verifier', () => {
    const [cut] = log.split('invalid access');
    const text = `${cut}-- END PROG LOAD LOG --\n`.replace('Permission denied', 'Resource temporarily unavailable');
    const error = loadError(11, text, 'x', ALL);
    expect(error).toMatchObject({ code: 'EAGAIN', errno: 11, log: undefined });
    expect(error.message).toBe(
      'cannot load x (program p): signals interrupted the verifier again and again; ' +
        'the program was not refused, so try again (bpf(BPF_PROG_LOAD): EAGAIN)',
    );
  });

  it('comes with a reason that it does not give: CAP_PERFMON is missing', () => {
    expect(loadError(13, log, 'x', 1n << 39n).message).toContain('this process lacks CAP_PERFMON');
  });

  it('stays whole if it is short', () => {
    expect(trimVerifierLog('a\nb\n')).toBe('a\nb');
  });

  it('may be missing: then the errno speaks', () => {
    const error = loadError(1, "libbpf: map 'm': failed to create: Operation not permitted(-1)\n", 'x');
    expect(error).toMatchObject({ code: 'EPERM', syscall: 'bpf(BPF_MAP_CREATE)' });
    expect(error.message).toContain('cannot load x (map m): not permitted');
    expect(error.log).toBe("map 'm': failed to create: Operation not permitted(-1)");
  });
});
