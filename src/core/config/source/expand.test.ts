import { describe, expect, it } from 'vitest';
import { Report } from '../report.ts';
import { filesOf, SURROUNDINGS } from '../testing.ts';
import { expand } from './expand.ts';

function expanded(text: string, others: Record<string, string> = {}) {
  const report = new Report();
  const { lines } = expand('a/x.conf', filesOf({ 'a/x.conf': text, ...others }), SURROUNDINGS, report);
  return {
    lines: lines.map((line) => line.text),
    faults: report.faults.map(({ at, text: said }) => `${at.line}: ${said}`),
    positions: lines.map((line) => line.positionOf(0)),
  };
}

describe('expand', () => {
  it.each([
    ['comments of both kinds', 'a # x\n! y\nb', ['a', 'b']],
    ['no comments in quotes', 'a "#x" \'!y\'', ['a "#x" \'!y\'']],
    ['escaped comment signs', 'a \\#x \\!y', ['a #x !y']],
    ['CRLF and a byte order mark', '\uFEFFa\r\nb\r\n', ['a', 'b']],
    ['conditions', '@lvs1 a\n@lvs2 b\n@^lvs1 c\n@^lvs2 d', ['a', 'd']],
    ['conditional definitions', '@lvs1 $P=1\n@lvs2 $P=2\npriority $P', ['priority 1']],
    ['a name that is a condition', '$IF=@lvs2\n$IF priority 1\n$OR=@lvs1\n$OR priority 2', ['priority 2']],
    ['names with braces', `$A=x\n\${A}y $A`, ['xy x']],
    ['what is not defined', `a $B \${C}`, [`a $B \${C}`]],
    ['empty values', `$A=\na\${A}b`, ['ab']],
    ['values that are put in late', `$A=10.\${B}\n$B=0\n$A\n$B=1\n$A`, ['10.0', '10.1']],
    ['several lines', '$A= \\\nx { \\\n@lvs2 no \\\n  y $B \\\n}\n$B=1\n$A', ['x {', 'y 1', '}']],
    ['several lines with blank ones between', '$A= \\\nx \\\n\ny\n$A', ['x', 'y']],
    [
      'several lines in several lines',
      '$R= \\\nr $N \\\n}\n$V= \\\nv \\\n$N=1 \\\n$R \\\n$N=2 \\\n$R\n$V',
      ['v', 'r 1', '}', 'r 2', '}'],
    ],
    ['a sequence', `~SEQ(N, 0, 3) a\${N}`, ['a0', 'a1', 'a2', 'a3']],
    ['a sequence from 1', '~SEQ(N, 3) $N', ['1', '2', '3']],
    ['a sequence down from -1', '~SEQ(N, -3) $N', ['-1', '-2', '-3']],
    ['a sequence with a step', '~SEQ(N, 6, -2, 1) $N', ['6', '4', '2']],
    ['a hexadecimal sequence', `~SEQx(N, 0x90, 0x10, 0xb0) ::\${N}`, ['::90', '::a0', '::b0']],
    ['sequences in each other', `~SEQ(A,1,2) ~SEQ(B,7,8) $A.\${B}`, ['1.7', '1.8', '2.7', '2.8']],
    ['a sequence of a definition', '$V= \\\nv $N \\\n}\n~SEQ(N,1,2) $V', ['v 1', '}', 'v 2', '}']],
    ['a list', '~LST(A, x, y) $A', ['x', 'y']],
    ['a list of pairs', '~LST({A, B}, {1,2},{3,4}) $A-$B', ['1-2', '3-4']],
    ['a list in a sequence', '~SEQ(N,1,2) ~LST(A,x,y) $N$A', ['1x', '1y', '2x', '2y']],
    ['predefined names', `\${_PWD} $_INSTANCE \${_HASH}\${_BANG} \${_ENV HOME} \${_RANDOM 3 9}`, ['a lvs1 #! /root 3']],
  ])('does %s', (_title, text, lines) => {
    expect(expanded(text)).toMatchObject({ lines, faults: [] });
  });

  it.each([
    ['a definition that stands for itself', '$A=$B\n$B=$A\n$A', '3: \\$A stands for itself'],
    [
      'definitions that grow without end',
      `$A=${'$B'.repeat(99)}\n$B=${'$C'.repeat(99)}\n$C=${'x'.repeat(99)}\n$A`,
      '4: .* makes a line of more than',
    ],
    ['lines that stand for themselves', '$A= \\\nx \\\n$A\n$A', '4: found \\$A in what it stands for itself'],
    ['a sequence without an end', '~SEQ(N, 1, 0, 3) x', '1: found .*, expected a step that leads from 1 to 3'],
    ['a sequence that is not closed', '~SEQ(N, 1 x', "1: .*expected '\\)'"],
    ['a sequence of words', '~SEQ(N, a, b) x', '1: found .*, expected ~SEQ\\(variable'],
    ['a list of unequal tuples', '~LST({A,B},{1}) x', '1: .*as many values'],
    ['a variable of the environment that is not there', `a \${_ENV NOPE}`, '1: the environment has no NOPE'],
    [`a wrong \${_RANDOM}`, `a \${_RANDOM 9 3}`, "1: found '9 3'"],
    ['an id that is missing', '@ a', "1: found '@' alone"],
    ['a comment sign that is glued to a word', 'auth_pass ab!cd', "1: found '!cd' after a word"],
    ['an include without a name', 'include', '1: found include alone'],
  ])('tells of %s', (_title, text, fault) => {
    const { faults } = expanded(text);
    expect(faults).toEqual([expect.stringMatching(fault)]);
  });

  it('stops where there are too many lines, and says so once', () => {
    const report = new Report();
    const files = filesOf({ x: '~SEQ(A,1,60000) ~SEQ(B,1,60000) $A.$B' });
    expect(expand('x', files, SURROUNDINGS, report, 1000).lines).toHaveLength(1000);
    expect(report.faults.map(({ text }) => text)).toEqual(['found more than 1000 lines, expected fewer']);
  });

  it('includes files, patterns and files that include files', () => {
    const others = { 'c/1.conf': 'one', 'c/2.conf': 'two\ninclude d.conf', 'd.conf': 'four' };
    expect(expanded('include c/*\nthree', others)).toMatchObject({
      lines: ['one', 'two', 'four', 'three'],
      faults: [],
    });
  });

  it('knows definitions of included files', () => {
    expect(expanded('include d\npriority $P', { d: '$P=7' }).lines).toEqual(['priority 7']);
  });

  it.each([
    ['include no', 'warning'],
    ['includer no', 'warning'],
    ['includem no', 'error'],
    ['includea no', 'error'],
    ['include_check match\ninclude no', 'error'],
    ['include_check +match +read\ninclude_check -match\ninclude no', 'warning'],
  ])('%j without a file is one %s', (text, severity) => {
    const report = new Report();
    expand('x', filesOf({ x: text }), SURROUNDINGS, report);
    expect(report.faults.map((fault) => fault.severity)).toEqual([severity]);
  });

  it('tells of files that include each other', () => {
    expect(expanded('include b', { b: 'include a/x.conf' }).faults).toEqual([expect.stringContaining('in a circle')]);
  });

  it('tells where a line stands, and by way of what it got there', () => {
    const { positions } = expanded('  a\n$B= \\\nx \\\ny\n  $B', {});
    expect(positions).toMatchObject([
      { file: 'a/x.conf', line: 1, column: 3 },
      { line: 5, column: 3, length: 2, via: '$B, defined at a/x.conf:3' },
      { line: 5, column: 3, via: '$B, defined at a/x.conf:4' },
    ]);
  });
});
