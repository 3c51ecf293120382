/** One packet through the real program, and everything that must be true of it afterwards. */
import { expect } from 'vitest';
import { checksumsOk, parseFrame } from '../support/packet-parse.ts';
import { frameDump } from '../support/packet-print.ts';
import type { DataPlane, Outcome, Verdict } from './fixture.ts';

export interface Expected {
  readonly verdict: Verdict;
  /** The packet out; default: what came in, for packets that pass. */
  readonly out?: Buffer;
  /** Exactly the counters that move. */
  readonly counted: Record<string, number>;
}

export function expectPacket(plane: DataPlane, frame: Buffer, expected: Expected): Outcome {
  plane.counted();
  const outcome = plane.run(frame);
  const out = expected.out ?? (expected.verdict === 'pass' ? frame : undefined);
  const context = `${frameDump(frame)}\n->\n${frameDump(outcome.frame)}`;
  expect({ verdict: outcome.verdict, counted: plane.counted() }, context).toEqual({
    verdict: expected.verdict,
    counted: expected.counted,
  });
  if (out !== undefined && !outcome.frame.equals(out)) {
    expect.fail(`packet out\n${frameDump(outcome.frame)}\nexpected\n${frameDump(out)}\nfor\n${frameDump(frame)}`);
  }
  return outcome;
}

/** Sends an opening packet and answers the slot's next hop number: test worlds give server n next hop n. */
export function chosen(plane: DataPlane, frame: Buffer): number | null {
  const { verdict, frame: out } = plane.run(frame);
  if (goesBack(frame, out)) return null;
  return verdict === 'tx' || verdict === 'redirect' ? out.readUInt8(5) : null;
}

/** A frame out that answers its sender. */
export function goesBack(frame: Buffer, out: Buffer): boolean {
  return out.subarray(0, 6).equals(frame.subarray(6, 12));
}

/** Every checksum in a frame that leaves, inner packets included. */
export function expectChecksums(frame: Buffer): void {
  expect(checksumsOk(parseFrame(frame).ip), frameDump(frame)).toBe(true);
}
