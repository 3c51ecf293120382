/** Equality of what stands in schedule lines, whether it was built here or read back from the maps. */
import type { RealServer, ScheduleLine, Turn } from '../../dataplane/types.gen.ts';
import type { ServiceContent } from './build-service.ts';

export function sameContent(a: ServiceContent, b: ServiceContent): boolean {
  return (
    a.slotCount === b.slotCount &&
    a.turnCount === b.turnCount &&
    a.ringSize === b.ringSize &&
    a.lines.length === b.lines.length &&
    a.lines.every((line, i) => sameLine(line, b.lines[i] ?? {}))
  );
}

/** Whether a wrr that runs on `a` may go on undisturbed with `b`. */
export function sameTurns(a: ServiceContent, b: ServiceContent): boolean {
  const turns = ({ lines, slotCount, turnLines }: ServiceContent) => lines.slice(slotCount, slotCount + turnLines);
  const [left, right] = [turns(a), turns(b)];
  return a.turnCount === b.turnCount && left.every((line, i) => sameLine(line, right[i] ?? {}));
}

/** `expected` says which member it has; lines read from the map have all of them. */
export function sameLine(found: ScheduleLine, expected: ScheduleLine): boolean {
  if (found === expected) return true;
  if (expected.server !== undefined) return found.server !== undefined && sameServer(found.server, expected.server);
  if (expected.turns !== undefined) {
    return expected.turns.every((turn, i) => sameTurn(turn, found.turns?.[i]));
  }
  return (expected.ring ?? []).every((slot, i) => slot === found.ring?.[i]);
}

function sameTurn(a: Turn, b: Turn | undefined): boolean {
  return b !== undefined && a.id === b.id && a.index === b.index && a.weight === b.weight;
}

const FIELDS = [
  'id',
  'next_hop',
  'port',
  'mtu',
  'turns_after',
  'method',
  'family',
  'flags',
  'spread_bits',
  'outer_sum',
  'weight',
  'tunnel_port',
  'tunnel',
  'overhead',
] as const;

function sameServer(a: RealServer, b: RealServer): boolean {
  return (
    FIELDS.every((field) => a[field] === b[field]) &&
    a.address.word.every((word, i) => word === b.address.word[i]) &&
    a.outer_source.word.every((word, i) => word === b.outer_source.word[i])
  );
}
