// XdpLink: an XDP program on an interface, held by a link: a pinned link survives this process, and
// its program is replaced without a gap.

import { requireInstance, requireInteger, requireObject, show } from './arguments.ts';
import { requireKind } from './by-fd.ts';
import { XDP_FLAGS } from './constants.ts';
import { argumentError, check, closedError, type FailureContext, systemError } from './error.ts';
import { addon, type NativeFd, ownFd } from './native.ts';
import { openPin, pinAt, removePin } from './pin.ts';
import { BpfProgram } from './program.ts';

/** `native`: in the driver, the fast one; `generic`: in the stack, for every driver. */
export type XdpMode = 'native' | 'generic';

const XDP_MODE_FLAGS: Record<XdpMode, number> = {
  native: XDP_FLAGS.DRV_MODE,
  generic: XDP_FLAGS.SKB_MODE,
};

export interface XdpLinkOptions {
  program: BpfProgram;
  /** Of this process's network namespace. */
  ifindex: number;
  mode: XdpMode;
  /** Further XDP_FLAGS; default 0. */
  flags?: number;
}

export interface XdpLinkInfo {
  id: number;
  progId: number;
  /** 0 if the link is detached: by `detach`, or because the interface is gone. */
  ifindex: number;
}

/** An attachment. Without a pin, the program is detached when the last descriptor closes. Linux 5.9. */
export class XdpLink {
  readonly #handle: NativeFd;
  readonly #what: string;
  #pinPath: string | undefined;

  private constructor(fd: number, what: string) {
    this.#handle = ownFd(fd);
    this.#what = what;
    try {
      requireKind(fd, 'link', what);
    } catch (error) {
      this.#handle.close();
      throw error;
    }
  }

  /**
   * Attaches. EBUSY: another program is attached; EOPNOTSUPP: the driver has no native XDP;
   * EINVAL: no such interface, or not an XDP program. Needs CAP_NET_ADMIN and CAP_BPF.
   */
  static attach(options: XdpLinkOptions): XdpLink {
    requireObject('options', options);
    const { program, ifindex, mode, flags = 0 } = options;
    requireInstance('program', program, BpfProgram);
    checkIfindex(ifindex);
    requireInteger('flags', flags, 0, 0xffff_ffff);
    const fd = addon().linkCreate(program.fd, ifindex, modeFlags(mode) | flags);
    const what = `the XDP link of interface ${ifindex}`;
    check(fd, () =>
      attachFailure(`attach program ${program.name} to interface ${ifindex} (${mode})`, 'bpf(BPF_LINK_CREATE)'),
    );
    return new XdpLink(fd, what);
  }

  /** Opens a pinned link. `ENOENT`: nothing is pinned there. */
  static openPinned(path: string): XdpLink {
    const link = new XdpLink(openPin(path, 'link'), `the link pinned at ${path}`);
    link.#pinPath = path;
    return link;
  }

  get fd(): number {
    const fd = this.#handle.value();
    if (fd < 0) throw closedError(this.#what);
    return fd;
  }

  /**
   * Replaces the program: each packet meets the old or the new one. With `old`, only if that one
   * is attached (EPERM if not).
   */
  update(program: BpfProgram, old?: BpfProgram): void {
    requireInstance('program', program, BpfProgram);
    check(addon().linkUpdate(this.fd, program.fd, old?.fd ?? -1), () => ({
      doing: `replace the program of ${this.#what}`,
      syscall: 'bpf(BPF_LINK_UPDATE)',
      advice: {
        ...(old && { EPERM: `program ${old.name} is not the one that is attached` }),
        ENOLINK: 'the interface is gone, or the link was detached',
        EINVAL: 'only a program of the same type and attach type can take its place',
      },
      needs: ['CAP_NET_ADMIN', 'CAP_BPF'],
    }));
  }

  info(): XdpLinkInfo {
    const info = addon().linkInfo(this.fd);
    if (typeof info === 'number') {
      throw systemError(-info, { doing: `read ${this.#what}`, syscall: 'bpf(BPF_OBJ_GET_INFO_BY_FD)' });
    }
    return { id: info.id, progId: info.progId, ifindex: info.ifindex };
  }

  /** Detaches the program at once, also if the link is pinned. Linux 5.9. */
  detach(): void {
    check(addon().linkDetach(this.fd), () => ({ doing: `detach ${this.#what}`, syscall: 'bpf(BPF_LINK_DETACH)' }));
  }

  pin(path: string): void {
    pinAt(path, this.#what, (checked) => addon().pin(this.fd, checked));
    this.#pinPath = path;
  }

  /** Removes the pin that `pin` or `openPinned` named. */
  unpin(): void {
    void this.fd;
    if (this.#pinPath === undefined) throw argumentError(`${this.#what} was not pinned through this object`);
    removePin(this.#pinPath, this.#what);
    this.#pinPath = undefined;
  }

  /** Closes the descriptor; detaches if there is no pin and no other descriptor. */
  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export function modeFlags(mode: XdpMode): number {
  const flags = typeof mode === 'string' ? XDP_MODE_FLAGS[mode] : undefined;
  if (flags === undefined) throw argumentError(`an XDP mode is "native" or "generic", not ${show(mode)}`);
  return flags;
}

export function checkIfindex(ifindex: number): void {
  requireInteger('an interface index', ifindex, 1, 0x7fff_ffff);
}

/** Why attaching fails, by link or by netlink. */
export function attachFailure(doing: string, syscall: string): FailureContext {
  return {
    doing,
    syscall,
    advice: {
      EBUSY: 'another XDP program is attached there, or attached in the other mode',
      EEXIST: 'another XDP program is attached there, or another than the one to replace',
      EOPNOTSUPP: 'its driver has no native XDP for this program; use mode "generic"',
      EINVAL:
        'this network namespace has no such interface, or the program does not suit it (is it XDP? is the MTU too large?)',
    },
    needs: syscall.startsWith('bpf') ? ['CAP_NET_ADMIN', 'CAP_BPF'] : ['CAP_NET_ADMIN'],
  };
}
