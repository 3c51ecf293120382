// XDP attachment without a link: the program stays on the interface until it is detached, with no
// pin and no process. A link cannot be replaced this way.

import { requireInstance, requireObject } from './arguments.ts';
import { XDP_FLAGS } from './constants.ts';
import { check, systemError } from './error.ts';
import { attachFailure, checkIfindex, modeFlags, type XdpMode } from './link.ts';
import { addon } from './native.ts';
import { BpfProgram } from './program.ts';

export interface XdpState {
  /** `none`, the mode, or `multi` if programs are attached in several modes. */
  mode: XdpMode | 'hardware' | 'multi' | 'none';
  /** Of the program that runs; 0 for `none` and `multi`. */
  progId: number;
  nativeId: number;
  genericId: number;
  hardwareId: number;
}

const MODES = ['none', 'native', 'generic', 'hardware', 'multi'] as const;

/**
 * Attaches a program to an interface of this network namespace. Without `replace`, only if none is
 * attached in this mode (EBUSY); with it, in the place of that program only (EEXIST), or of any
 * program with `replace: 'any'`. Needs CAP_NET_ADMIN.
 */
export function xdpAttach(
  ifindex: number,
  program: BpfProgram,
  options: { mode: XdpMode; replace?: BpfProgram | 'any' },
): void {
  checkIfindex(ifindex);
  requireInstance('program', program, BpfProgram);
  requireObject('options', options);
  const { mode, replace } = options;
  if (replace !== undefined && replace !== 'any') requireInstance('replace', replace, BpfProgram);
  const guard = replace === undefined ? XDP_FLAGS.UPDATE_IF_NOEXIST : 0;
  const oldFd = replace === undefined || replace === 'any' ? -1 : replace.fd;
  check(addon().xdpAttach(ifindex, program.fd, modeFlags(mode) | guard, oldFd), () =>
    attachFailure(`attach program ${program.name} to interface ${ifindex} (${mode})`, 'netlink(RTM_SETLINK)'),
  );
}

/** Detaches what is attached in this mode; nothing attached is no error. EBUSY: a link holds it. */
export function xdpDetach(ifindex: number, mode: XdpMode): void {
  checkIfindex(ifindex);
  const flags = modeFlags(mode);
  check(addon().xdpAttach(ifindex, -1, flags, -1), () => ({
    ...attachFailure(`detach from interface ${ifindex}`, 'netlink(RTM_SETLINK)'),
    advice: { EBUSY: 'a link holds the program; detach the link' },
  }));
}

/** What is attached to an interface, by link or not. Needs no privileges. */
export function xdpQuery(ifindex: number): XdpState {
  checkIfindex(ifindex);
  const state = addon().xdpQuery(ifindex);
  if (typeof state === 'number') {
    throw systemError(-state, { doing: `read the XDP state of interface ${ifindex}`, syscall: 'netlink(RTM_GETLINK)' });
  }
  const { attachMode, progId, nativeId, genericId, hardwareId } = state;
  return { mode: MODES[attachMode] ?? 'none', progId, nativeId, genericId, hardwareId };
}
