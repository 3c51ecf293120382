/** An address of the configuration as the kernel is to hold it, with keepalived's defaults. */
import { type InterfaceAddress, interfaceAddress } from '../../core/config/forms/ip.ts';
import { addressFamily, addressFromWords, addressWords } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import { type AddressAssignment, SCOPE, type Untranslated } from './assignments.ts';
import {
  addressBits,
  addressWord,
  type FormContext,
  interfaceWord,
  numberWord,
  prefixWord,
  refuse,
  translated,
} from './words.ts';

/** Bytes of a label, less the zero that ends it. */
const LABEL_MAX = 15;
/** A network of two addresses has none for broadcast. */
const LONGEST_WITH_BROADCAST = 30;
const SCOPES: ReadonlyMap<string, number> = new Map(
  Object.entries(SCOPE).map(([name, value]) => [name.toLowerCase(), value]),
);

type Words = InterfaceAddress['options'];

/**
 * IPv6 addresses are usable at once (`nodad`), since VRRP itself sees to it that
 * one director holds them, and a /128 is no source of connections that name
 * none, so that checks do not come from a VIP; `-nodad` and `preferred_lft`
 * say otherwise. `preferred_lft` holds for IPv4, too, where keepalived ignores
 * it. `use_vmac`, `no_track` and `track_group` are the caller's matter.
 */
export function addressAssignment(form: InterfaceAddress, context: FormContext): AddressAssignment | Untranslated {
  return translated(interfaceAddress.print(form), () => {
    const { address, options } = form;
    const peer = options.peer === undefined ? null : peerOf(options.peer, address);
    const prefix = peer?.length ?? form.length ?? addressBits(address);
    const v6 = addressFamily(address) === 6;
    return {
      ifindex: options.dev === undefined ? context.standard : interfaceWord(options.dev, 'dev', context),
      address,
      prefix,
      scope: v6 ? SCOPE.GLOBAL : scopeOf(options),
      label: v6 ? null : labelOf(options),
      broadcast: v6 ? null : broadcastOf(options, peer?.address ?? address, prefix, peer !== null),
      peer: peer?.address ?? null,
      nodad: v6 && options['-nodad'] === undefined,
      home: options.home ?? false,
      mngtmpaddr: options.mngtmpaddr ?? false,
      noprefixroute: options.noprefixroute ?? false,
      autojoin: options.autojoin ?? false,
      preferredLifetime: lifetimeOf(options, v6 && prefix === 128),
      ignored: ignoredWords(form, prefix, v6),
    };
  });
}

function peerOf(text: string, address: Address) {
  const peer = prefixWord(text, 'peer');
  if (addressFamily(peer.address) === addressFamily(address)) return peer;
  return refuse(`found '${text}' after 'peer', expected an IPv${addressFamily(address)} address`);
}

function scopeOf({ scope }: Words): number {
  if (scope === undefined) return SCOPE.GLOBAL;
  return SCOPES.get(scope) ?? numberWord(scope, 'scope', 255);
}

function labelOf({ label }: Words): string | null {
  if (label === undefined) return null;
  if (Buffer.byteLength(label) <= LABEL_MAX) return label;
  return refuse(`found '${label}' after 'label', expected at most ${LABEL_MAX} bytes`);
}

/** `+`: the bits of hosts all set; `-`: none of them. */
function broadcastOf(options: Words, address: Address, prefix: number, peer: boolean): Address | null {
  const word = options.brd ?? options.broadcast;
  if (word === undefined || peer) return null;
  if (word !== '+' && word !== '-') {
    const broadcast = addressWord(word, 'brd');
    return addressFamily(broadcast) === 4
      ? broadcast
      : refuse(`found '${word}' after 'brd', expected an IPv4 address, '+' or '-'`);
  }
  if (prefix > LONGEST_WITH_BROADCAST) return null;
  const hosts = 0xffff_ffff >>> prefix;
  const own = addressWords(address)[0];
  return addressFromWords(4, [word === '+' ? (own | hosts) >>> 0 : (own & ~hosts) >>> 0]);
}

function lifetimeOf({ preferred_lft: word }: Words, deprecated: boolean): number | null {
  if (word === undefined) return deprecated ? 0 : null;
  return word === 'forever' ? null : numberWord(word, 'preferred_lft');
}

/** What keepalived ignores, too. */
function ignoredWords({ address, length, options }: InterfaceAddress, prefix: number, v6: boolean): string[] {
  const reasons: [boolean, string][] = [
    [v6 && options.scope !== undefined, "'scope': the kernel finds that of an IPv6 address by itself"],
    [v6 && options.label !== undefined, "'label': IPv6 addresses have none"],
    [v6 && hasBroadcast(options), "'brd': IPv6 has no broadcast"],
    [
      hasBroadcast(options) && options.peer !== undefined,
      "'brd' beside 'peer': a point-to-point link has no broadcast",
    ],
    [
      !v6 && /^[+-]$/.test(options.brd ?? options.broadcast ?? '') && prefix > LONGEST_WITH_BROADCAST,
      `'brd': a prefix of ${prefix} bits has no broadcast address`,
    ],
    [
      options.peer !== undefined && length !== null && length !== addressBits(address),
      `'/${length}': beside 'peer', the prefix length stands after the peer's address`,
    ],
  ];
  return reasons.filter(([holds]) => holds).map(([, reason]) => reason);
}

function hasBroadcast({ brd, broadcast }: Words): boolean {
  return brd !== undefined || broadcast !== undefined;
}
