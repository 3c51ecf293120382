/**
 * `promote_secondaries` of an interface: when its first address goes, the kernel makes another one of the
 * same network the first, instead of taking them all away. Set while someone asks for it.
 */
import { readSetting, writeSetting } from './settings-file.ts';

const DIRECTORY = '/proc/sys/net/ipv4/conf';

export class Promotion {
  readonly #directory: string;
  /** Who asks, by interface; and what was set before the first one did. */
  readonly #asked = new Map<string, { readonly who: Set<string>; readonly before: string }>();

  constructor(directory = DIRECTORY) {
    this.#directory = directory;
  }

  /** Throws an Error that names the file which cannot be written. */
  ask(who: string, device: string): void {
    const known = this.#asked.get(device);
    if (known !== undefined) return void known.who.add(who);
    const before = readSetting(this.#file(device));
    if (before === null) return; // the interface is gone
    writeSetting(this.#file(device), '1');
    this.#asked.set(device, { who: new Set([who]), before });
  }

  /** With the last one, the setting is what it was. Throws an Error that names the file which cannot be written. */
  withdraw(who: string): void {
    for (const [device, { who: all, before }] of this.#asked) {
      if (!all.delete(who) || all.size > 0) continue;
      this.#asked.delete(device);
      if (readSetting(this.#file(device)) !== null) writeSetting(this.#file(device), before);
    }
  }

  #file(device: string): string {
    return `${this.#directory}/${device}/promote_secondaries`;
  }
}
