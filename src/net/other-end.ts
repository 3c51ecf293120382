/** The other end of a veth: frames that come from there never were on a wire. */
import { leavesChecksums } from 'netio';
import type { Interface } from './interfaces.ts';

export interface OtherEnd {
  /** null: it is in another namespace, and cannot be looked at. */
  readonly name: string | null;
  /** Senders there leave checksums to the driver. */
  readonly leavesChecksums: boolean;
}

/** `find`: an interface of this namespace by its index. null: it is no veth. Throws a NetioError. */
export function otherEndOf(
  { peer }: Pick<Interface, 'peer'>,
  find: (ifindex: number) => Pick<Interface, 'name'> | undefined,
): OtherEnd | null {
  if (peer === undefined) return null;
  const found = peer === null ? undefined : find(peer);
  if (found === undefined) return { name: null, leavesChecksums: false };
  return { name: found.name, leavesChecksums: leavesChecksums(found.name) };
}
