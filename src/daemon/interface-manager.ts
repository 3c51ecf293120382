/**
 * Which interfaces the data plane is to be on, and whether it is: a wanted
 * interface that is not there is attached when it appears.
 */

import { interfaceSlot } from '../core/reconcile/next-hop.ts';
import type { RequestedMode } from '../dataplane/attach-plan.ts';
import type { Attachment, Attachments } from '../dataplane/attachments.ts';
import { DataplaneError } from '../dataplane/error.ts';
import type { Interface } from '../net/interfaces.ts';
import { slotTaken } from './network.ts';

/** `option`: asked for on the command line. `file`: by the configuration file. `pin`: found attached at the start. */
export type Origin = 'option' | 'file' | 'command' | 'pin';

export interface Wanted {
  readonly name: string;
  readonly mode: RequestedMode;
  readonly origin: Origin;
}

export interface InterfaceState {
  readonly name: string;
  /** Undefined: not there. */
  readonly device: Interface | undefined;
  readonly attachment: Attachment | undefined;
  readonly requested: RequestedMode;
  /** Why it is not attached; null: it is. */
  readonly problem: string | null;
}

export interface InterfaceManagerOptions {
  readonly attachments: Attachments;
  readonly find: (which: number | string) => Interface | undefined;
  /** Has the maps follow `indexes`. */
  readonly onIndexes: () => void;
}

export class InterfaceManager {
  readonly #options: InterfaceManagerOptions;
  readonly #wanted = new Map<string, Wanted>();
  readonly #problems = new Map<string, string>();
  /** Names of attached interfaces by index, as last seen: they may be renamed. */
  readonly #names = new Map<number, string>();
  /** About to be attached: its entry must be in the maps first. */
  #coming: number | undefined;

  constructor(options: InterfaceManagerOptions) {
    this.#options = options;
    for (const { ifindex, mode } of options.attachments.list.values()) {
      const name = options.find(ifindex)?.name;
      if (name === undefined) continue;
      this.#wanted.set(name, { name, mode, origin: 'pin' });
      this.#names.set(ifindex, name);
    }
  }

  /** Interfaces that frames come in by. */
  get indexes(): ReadonlySet<number> {
    const indexes = new Set(this.#options.attachments.list.keys());
    if (this.#coming !== undefined) indexes.add(this.#coming);
    return indexes;
  }

  get wanted(): readonly Wanted[] {
    return [...this.#wanted.values()];
  }

  get states(): readonly InterfaceState[] {
    return this.wanted.map(({ name, mode }) => this.#state(name, mode));
  }

  state(name: string): InterfaceState | undefined {
    const wanted = this.#wanted.get(name);
    return wanted && this.#state(name, wanted.mode);
  }

  /**
   * Wants an interface without failing: where it cannot be attached, its state
   * says why. Answers warnings, that reason among them.
   */
  want(wanted: Wanted): readonly string[] {
    this.#wanted.set(wanted.name, wanted);
    return this.#attachWanted(wanted);
  }

  /** Throws DataplaneError; then nothing has changed. Answers warnings. */
  attach(name: string, mode: RequestedMode): readonly string[] {
    const device = this.#options.find(name);
    if (device === undefined) throw new DataplaneError('no-such-interface', `there is no interface ${name}`);
    const warnings = this.#attachDevice(device, mode);
    this.#wanted.set(name, { name, mode, origin: 'command' });
    return warnings;
  }

  /** False where it was neither attached nor wanted. */
  detach(name: string): boolean {
    const attachment = this.state(name)?.attachment;
    if (attachment !== undefined) {
      this.#options.attachments.detach(attachment.ifindex);
      this.#options.onIndexes();
    }
    this.#problems.delete(name);
    return this.#wanted.delete(name);
  }

  /** After links came, went or changed. Answers what became of which interface. */
  linksChanged(): readonly { readonly name: string; readonly text: string }[] {
    const news = [...this.#options.attachments.list.keys()].flatMap((ifindex) => this.#followDevice(ifindex));
    for (const wanted of this.#wanted.values()) {
      const { attachment, device } = this.#state(wanted.name, wanted.mode);
      if (attachment !== undefined) continue;
      const before = this.#problems.get(wanted.name);
      if (device !== undefined && before !== undefined && before !== gone(wanted.name)) continue;
      const warnings = this.#attachWanted(wanted);
      const now = this.#problems.get(wanted.name);
      if (now === undefined) news.push({ name: wanted.name, text: ['attached', ...warnings].join('; ') });
      else if (now !== before) news.push({ name: wanted.name, text: now });
    }
    return news;
  }

  /** An attached interface that is gone, or has another name now. */
  #followDevice(ifindex: number): { name: string; text: string }[] {
    const before = this.#names.get(ifindex);
    const name = this.#options.find(ifindex)?.name;
    if (name === undefined) {
      this.#options.attachments.forget(ifindex);
      this.#names.delete(ifindex);
    }
    const wanted = before === undefined ? undefined : this.#wanted.get(before);
    if (name === undefined || name === before || wanted === undefined) return [];
    this.#wanted.delete(wanted.name);
    this.#wanted.set(name, { ...wanted, name });
    this.#names.set(ifindex, name);
    return [{ name, text: `is what was ${before}` }];
  }

  #state(name: string, requested: RequestedMode): InterfaceState {
    const device = this.#options.find(name);
    const attachment = device && this.#options.attachments.list.get(device.ifindex);
    const problem = attachment === undefined ? (this.#problems.get(name) ?? gone(name)) : null;
    return { name, device, attachment, requested, problem };
  }

  #attachWanted({ name, mode }: Wanted): readonly string[] {
    const device = this.#options.find(name);
    try {
      this.#problems.delete(name);
      if (device === undefined) throw new DataplaneError('no-such-interface', gone(name));
      return this.#options.attachments.list.has(device.ifindex) ? [] : this.#attachDevice(device, mode);
    } catch (error) {
      if (!(error instanceof DataplaneError)) throw error;
      this.#problems.set(name, error.message);
      return [error.message];
    }
  }

  #attachDevice(device: Interface, mode: RequestedMode): readonly string[] {
    const { attachments, onIndexes } = this.#options;
    if (device.mac === null) throw new DataplaneError('not-supported', `${device.name} is not an Ethernet interface`);
    const other = [...this.indexes].find(
      (index) => index !== device.ifindex && interfaceSlot(index) === interfaceSlot(device.ifindex),
    );
    if (other !== undefined) throw new DataplaneError('slot-taken', slotTaken(device.name));
    this.#coming = device.ifindex;
    try {
      onIndexes();
      const { warnings } = attachments.attach(device, mode);
      this.#names.set(device.ifindex, device.name);
      return warnings;
    } finally {
      this.#coming = undefined;
      if (!attachments.list.has(device.ifindex)) onIndexes();
    }
  }
}

function gone(name: string): string {
  return `there is no interface ${name}; it is attached when it appears`;
}
