/**
 * How the data plane gets onto an interface: which program, which mode, and what
 * to say where it does not. `tryAttach` is the only thing that does something.
 *
 *   native, one page a frame -> native, fragments -> generic (auto, or where asked for)
 */
import type { XdpState } from 'libbpf-ts';
import { DataplaneError } from './error.ts';

export type AttachMode = 'native' | 'generic';
export type RequestedMode = AttachMode | 'auto';

/** Errno name of what the kernel said; undefined: attached. */
export type TryAttach = (mode: AttachMode, fragments: boolean) => string | undefined;

export interface AttachTarget {
  readonly name: string;
  /** Bytes of the largest IP packet. */
  readonly mtu: number;
}

export interface AttachOutcome {
  readonly mode: AttachMode;
  /** The program is the one for frames of more than a page. */
  readonly fragments: boolean;
  readonly warnings: readonly string[];
}

/**
 * The largest MTU at which a frame fits the page that drivers give it: 4096 less
 * head room (256), the kernel's shared info (320), Ethernet header (14) and two
 * VLAN tags (8). A driver may take a little more or less.
 */
export const PAGE_MTU = 4096 - 256 - 320 - 14 - 8;

/** Throws DataplaneError where the data plane cannot get on. */
export function attachBest(target: AttachTarget, requested: RequestedMode, tryAttach: TryAttach): AttachOutcome {
  if (requested === 'generic') return attachGeneric(target, tryAttach, []);
  const large = target.mtu > PAGE_MTU;
  const order = large ? [true, false] : [false, true];
  const failures = new Set<string>();
  for (const fragments of order) {
    const failure = tryAttach('native', fragments);
    if (failure === undefined) return { mode: 'native', fragments, warnings: [] };
    refuseBusy(target, failure);
    failures.add(failure);
  }
  const unsupported = [...failures].every((failure) => failure === 'EOPNOTSUPP' || failure === 'ENOTSUPP');
  const reason = [...failures].join(', ');
  if (large && !unsupported) throw tooLarge(target, reason);
  if (requested === 'native') throw noNative(target, reason);
  return attachGeneric(target, tryAttach, [genericWarning(target, reason, large)]);
}

/** The kernel makes frames linear for a program in generic mode, so their size does not matter there. */
function attachGeneric(target: AttachTarget, tryAttach: TryAttach, warnings: readonly string[]): AttachOutcome {
  const failure = tryAttach('generic', false);
  if (failure === undefined) return { mode: 'generic', fragments: false, warnings };
  refuseBusy(target, failure);
  throw new DataplaneError('kernel', `${target.name} takes no XDP program in generic mode: ${failure}`);
}

function refuseBusy({ name }: AttachTarget, failure: string): void {
  if (failure === 'EBUSY' || failure === 'EEXIST') throw busy(name, 'an XDP program');
  if (failure === 'ENODEV') throw new DataplaneError('no-such-interface', `${name} is gone`);
  if (failure === 'EPERM' || failure === 'EACCES') {
    throw new DataplaneError('permission', `attaching to ${name} needs CAP_NET_ADMIN and CAP_BPF`);
  }
}

/** `what`: what is attached there. */
export function busy(name: string, what: string, mode?: XdpState['mode']): DataplaneError {
  // Without a mode, the kernel looks for a program in the driver alone where that has native XDP.
  const word = mode === 'generic' ? 'xdpgeneric' : 'xdp';
  const remove = `take it off with what put it there (without a link: ip link set dev ${name} ${word} off)`;
  return new DataplaneError(
    'interface-busy',
    `${what} is attached to ${name} already, and not by this data plane; ${remove}`,
  );
}

function tooLarge({ name, mtu }: AttachTarget, reason: string): DataplaneError {
  return new DataplaneError(
    'mtu-too-large',
    `${name} has MTU ${mtu}, whose frames take more than one page, and its driver gives XDP no fragments (${reason}). ` +
      `MTU ${PAGE_MTU} works: ip link set dev ${name} mtu ${PAGE_MTU}; any MTU does in generic mode, at several times the cost`,
  );
}

function noNative({ name }: AttachTarget, reason: string): DataplaneError {
  const message = `the driver of ${name} has no native XDP for this program (${reason}); mode generic works with every driver, at several times the cost`;
  return new DataplaneError('not-supported', message);
}

function genericWarning({ name, mtu }: AttachTarget, reason: string, large: boolean): string {
  const hint = large ? `; perhaps because of its MTU ${mtu}: with ${PAGE_MTU} or less native mode may work` : '';
  return `${name} runs in generic mode, at several times the cost: its driver takes no native XDP (${reason})${hint}`;
}
