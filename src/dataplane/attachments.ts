/**
 * The interfaces that the data plane is attached to. Each has a pinned link, so
 * that it stays attached without this process; the next one adopts the link and
 * replaces its program by the one that it has loaded.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { BpfError, type BpfProgram, XdpLink, xdpQuery } from 'libbpf-ts';
import { type AttachMode, type AttachTarget, attachBest, busy, PAGE_MTU, type RequestedMode } from './attach-plan.ts';
import { DataplaneError } from './error.ts';
import type { Dataplane } from './open.ts';
import { ifindexOfLink, linkPath, type Paths } from './paths.ts';

export interface Attachment {
  readonly ifindex: number;
  readonly mode: AttachMode;
  /** The program takes frames of more than a page. */
  readonly fragments: boolean;
}

export interface Attachments {
  readonly list: ReadonlyMap<number, Attachment>;
  /** Throws DataplaneError; then the interface is as it was. */
  attach(
    target: AttachTarget & { readonly ifindex: number },
    requested: RequestedMode,
  ): {
    readonly attachment: Attachment;
    readonly warnings: readonly string[];
  };
  /** Takes the program off; false where it was not attached. */
  detach(ifindex: number): boolean;
  /** Forgets an interface that is gone: its link fell with it. */
  forget(ifindex: number): void;
  [Symbol.dispose](): void;
}

type Held = Attachment & { readonly link: XdpLink };

/** Adopts the pinned links; `mtuOf` answers undefined for an interface that is not there. */
export function openAttachments(
  { programs, paths }: Pick<Dataplane, 'programs' | 'paths'>,
  mtuOf: (ifindex: number) => number | undefined,
): Attachments {
  const held = adoptLinks(paths, programs, mtuOf);
  const drop = (ifindex: number): void => {
    held.get(ifindex)?.link.close();
    held.delete(ifindex);
    rmSync(linkPath(paths, ifindex), { force: true });
  };
  return {
    list: held,
    attach: (target, requested) => {
      const { ifindex, name } = target;
      if (held.has(ifindex))
        throw new DataplaneError('already-attached', `the data plane is attached to ${name} already`);
      refuseForeign(ifindex, name);
      let link: XdpLink | undefined;
      const { warnings, ...how } = attachBest(target, requested, (mode, fragments) => {
        const program = programFor(programs, fragments);
        try {
          link = XdpLink.attach({ program, ifindex, mode });
          return undefined;
        } catch (error) {
          if (error instanceof BpfError && error.errno !== undefined) return error.code;
          throw error;
        }
      });
      const attachment = { ifindex, ...how, link: link as XdpLink };
      pinLink(attachment.link, paths, ifindex);
      held.set(ifindex, attachment);
      return { attachment, warnings };
    },
    detach: (ifindex) => {
      const attachment = held.get(ifindex);
      if (attachment === undefined) return false;
      attachment.link.detach();
      drop(ifindex);
      return true;
    },
    forget: drop,
    [Symbol.dispose]: () => {
      for (const { link } of held.values()) link.close();
      held.clear();
    },
  };
}

function refuseForeign(ifindex: number, name: string): void {
  const { mode, progId } = xdpQuery(ifindex);
  if (mode === 'none') return;
  throw busy(name, mode === 'multi' ? 'several XDP programs' : `XDP program ${progId} (${mode})`, mode);
}

function pinLink(link: XdpLink, paths: Paths, ifindex: number): void {
  try {
    mkdirSync(paths.links, { recursive: true, mode: 0o700 });
    link.pin(linkPath(paths, ifindex));
  } catch (error) {
    // Without a pin the attachment would end with this process.
    link.close();
    throw error;
  }
}

function adoptLinks(paths: Paths, programs: Dataplane['programs'], mtuOf: (ifindex: number) => number | undefined) {
  const held = new Map<number, Held>();
  const names = existsSync(paths.links) ? readdirSync(paths.links) : [];
  // All of them are opened before one is changed.
  const links = names.map((name) => ({ name, link: openLink(`${paths.links}/${name}`, name) }));
  for (const { name, link } of links) {
    const ifindex = link.info().ifindex;
    if (ifindex === 0) {
      link.unpin();
      link.close();
      continue;
    }
    if (ifindexOfLink(name) !== ifindex)
      throw foreignLink(`${paths.links}/${name}`, `it is attached to interface ${ifindex}`);
    const large = (mtuOf(ifindex) ?? 0) > PAGE_MTU;
    const { mode } = xdpQuery(ifindex);
    const native = mode !== 'generic';
    const fragments = replaceProgram(link, programs, native && large);
    held.set(ifindex, { ifindex, mode: native ? 'native' : 'generic', fragments, link });
  }
  return held;
}

function openLink(path: string, name: string): XdpLink {
  if (ifindexOfLink(name) === undefined) throw foreignLink(path, 'its name is none that xlbd gives');
  try {
    return XdpLink.openPinned(path);
  } catch (error) {
    throw foreignLink(path, (error as Error).message, error);
  }
}

/** Tries the program that suits the MTU, then the other; says whether it is the one for fragments. */
function replaceProgram(link: XdpLink, programs: Dataplane['programs'], fragments: boolean): boolean {
  const update = (which: boolean) => link.update(programFor(programs, which));
  try {
    update(fragments);
    return fragments;
  } catch (error) {
    if (!(error instanceof BpfError) || error.code === 'EPERM') throw error;
    update(!fragments);
    return !fragments;
  }
}

/** Throws DataplaneError where the kernel refuses it. */
function programFor(programs: Dataplane['programs'], fragments: boolean): BpfProgram {
  return fragments ? programs.xlbFrags() : programs.xlb;
}

function foreignLink(path: string, found: string, cause?: unknown): DataplaneError {
  return new DataplaneError('pins', `${path} is not a link of this data plane: ${found}. Nothing was changed`, cause);
}
