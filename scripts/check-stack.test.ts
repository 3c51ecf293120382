import { describe, expect, test } from 'vitest';
import { deepestChains } from './check-stack.ts';

const LISTING = `
build/x.bpf.o:	file format elf64-bpf

Disassembly of section .text:

0000000000000000 <low>:
       0:	*(u64 *)(r10 - 8) = r1
       1:	exit

0000000000000010 <step>:
       2:	r2 = r10
       3:	r2 += -40
       4:	r3 = r2
       5:	r3 += -24
       6:	r3 = 0
       7:	r3 += -4096
       8:	call 12
       9:	exit

0000000000000050 <loop>:
      10:	*(u8 *)(r10 - 1) = r1
      11:	r2 = 16 ll
		0000000000000058:  R_BPF_64_64	.text
      13:	r1 = 0 ll
		0000000000000068:  R_BPF_64_64	some_map
      15:	call 181
      16:	call -1
		0000000000000080:  R_BPF_64_32	.text
      17:	exit

Disassembly of section xdp:

0000000000000000 <xlb>:
       0:	if r1 == 0 goto +2 <LBB9_2>
       1:	call -1
		0000000000000008:  R_BPF_64_32	loop

0000000000000010 <LBB9_2>:
       2:	r1 = *(u64 *)(r10 - 100)
       3:	exit

0000000000000020 <quick>:
       4:	exit
`;

describe('the deepest chain of each program', () => {
  const chains = deepestChains(LISTING);

  test('goes through calls by name, by distance and as the step of a loop; frames are rounded up', () => {
    expect(chains.get('xlb')).toEqual({
      depth: 128 + 32 + 64,
      frames: [
        ['xlb', 100],
        ['loop', 1],
        ['step', 64],
      ],
    });
  });

  test('an empty frame takes 32 bytes, too', () => {
    expect(chains.get('quick')).toEqual({ depth: 32, frames: [['quick', 0]] });
  });

  test('there is none below what calls itself', () => {
    const again = LISTING.replace('R_BPF_64_32	.text\n      17', 'R_BPF_64_32	loop\n      17');
    expect(() => deepestChains(again)).toThrow('loop calls itself');
  });

  test('a call into the middle of nothing is told', () => {
    expect(() => deepestChains(LISTING.replace('r2 = 16 ll', 'r2 = 24 ll'))).toThrow('loop calls 24, which is not in');
  });
});
