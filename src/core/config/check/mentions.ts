/** What a file names that has to be somewhere else: interfaces, users, programs. */
import type { Command, Script, User } from '../forms/scripts.ts';
import type { Setting } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import type { Word } from '../source/tokens.ts';

interface Mention {
  readonly name: string;
  readonly word: Word;
}

/** Every interface that is named, in the order of the file's blocks; those of use_vmac are made. */
export function interfacesOf(file: File): Mention[] {
  const found: Mention[] = [];
  for (const { block } of file.vrrp_instance ?? []) {
    for (const setting of block.interface ?? []) found.push({ name: setting.value, word: setting.words[0]! });
    for (const { entries } of block.track_interface ?? []) found.push(...namesOf(entries));
    const addresses = [...(block.virtual_ipaddress ?? []), ...(block.virtual_ipaddress_excluded ?? [])];
    for (const { entries } of addresses) found.push(...devicesOf(entries));
    for (const { entries } of block.virtual_routes ?? []) found.push(...devicesOf(entries));
  }
  for (const { block } of file.vrrp_sync_group ?? []) {
    for (const { entries } of block.track_interface ?? []) found.push(...namesOf(entries));
  }
  for (const { entries } of [...(file.static_ipaddress ?? []), ...(file.static_routes ?? [])])
    found.push(...devicesOf(entries));
  for (const { entries } of file.interface_up_down_delays ?? []) found.push(...namesOf(entries));
  for (const { block } of file.garp_group ?? []) {
    const words = (block.interfaces ?? []).flatMap(({ entries }) => entries.flatMap((entry) => entry.words));
    const alone = (block.interface ?? []).map((setting) => setting.words[0]!);
    for (const word of [...alone, ...words]) found.push({ name: word.text, word });
  }
  for (const { block } of file.xlb ?? []) {
    for (const setting of block.interface ?? []) found.push({ name: setting.value.name, word: setting.words[0]! });
  }
  return found;
}

function namesOf(
  entries: readonly { readonly words: readonly Word[]; readonly value: { readonly name: string } }[],
): Mention[] {
  return entries.map(({ words, value }) => ({ name: value.name, word: words[0]! }));
}

/** The word after `dev`. */
function devicesOf(entries: readonly { readonly words: readonly Word[] }[]): Mention[] {
  return entries.flatMap(({ words }) => {
    const word = words[words.findIndex(({ text }) => text === 'dev') + 1];
    return word === undefined || !words.some(({ text }) => text === 'dev') ? [] : [{ name: word.text, word }];
  });
}

/** A keyword whose value is a command. */
export interface CommandMention {
  readonly program: string;
  readonly word: Word;
  readonly command: Command;
}

export function commandsOf(file: File): CommandMention[] {
  return settingsOf(file).flatMap((setting) => {
    const command = setting.value;
    if (!isCommand(command) || setting.words.length === 0) return [];
    return [{ program: command.argv[0]!, word: setting.words[0]!, command }];
  });
}

export function usersOf(file: File): Mention[] {
  return settingsOf(file).flatMap(({ value, words, keyword }) => {
    const user = isUser(value) ? value : isScript(value) ? value.as : null;
    const word = words.find(({ text }) => text === user?.user) ?? keyword;
    return user === null ? [] : [{ name: user.user, word }];
  });
}

/** Every setting of a file, blocks before what is in them. Added to `found`: a file may have a hundred thousand. */
function settingsOf(block: object, found: Setting<unknown>[] = []): Setting<unknown>[] {
  for (const settings of Object.values(block as Record<string, readonly Setting<unknown>[]>)) {
    for (const setting of settings) {
      found.push(setting);
      if ('block' in setting) settingsOf(setting.block as object, found);
    }
  }
  return found;
}

function isCommand(value: unknown): value is Command {
  return typeof value === 'object' && value !== null && 'argv' in value;
}

function isScript(value: unknown): value is Script {
  return isCommand(value) && 'as' in value;
}

function isUser(value: unknown): value is User {
  return typeof value === 'object' && value !== null && 'user' in value && 'group' in value;
}
