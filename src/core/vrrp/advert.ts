/** What a VRRP advertisement says (RFC 3768 5.3, RFC 5798 5.2), apart from its bytes. */
import type { Family } from '../model/address.ts';
import type { Address } from '../model/model.ts';

export type Version = 2 | 3;

/**
 * Of version 2 alone. `password` and `key` are the eight bytes that keepalived makes of
 * `auth_pass`: cut off or padded with zeros (`authenticationBytes`).
 */
export type Authentication =
  | { readonly type: 'none' }
  | { readonly type: 'pass'; readonly password: Uint8Array }
  | { readonly type: 'ah'; readonly key: Uint8Array };

export const NO_AUTHENTICATION: Authentication = { type: 'none' };

/** The authentication type field of version 2 (RFC 2338 5.3.6). */
export const AUTHENTICATION_TYPES: Readonly<Record<Authentication['type'], number>> = { none: 0, pass: 1, ah: 2 };

export interface Advert {
  readonly version: Version;
  /** 1 to 255. */
  readonly vrid: number;
  /** 0: the master gives up; 255: it owns the addresses. */
  readonly priority: number;
  /** Centiseconds: 1 to 4095 in version 3, whole seconds up to 25500 in version 2. */
  readonly interval: number;
  /** As many as fit a byte, all of one family, in the order of the packet. */
  readonly addresses: readonly Address[];
}

/** Bytes before the addresses. */
export const HEADER_LENGTH = 8;
/** Bytes after the addresses in version 2, whatever the authentication. */
export const AUTHENTICATION_LENGTH = 8;
/** The type field of the only kind of packet that VRRP has. */
export const TYPE_ADVERT = 1;

/** Bytes of a packet with `count` addresses. */
export function advertLength(version: Version, family: Family, count: number): number {
  return HEADER_LENGTH + count * (family === 4 ? 4 : 16) + (version === 2 ? AUTHENTICATION_LENGTH : 0);
}

/** Eight bytes of `auth_pass`: what is longer is cut off, what is shorter ends in zeros. */
export function authenticationBytes(password: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(AUTHENTICATION_LENGTH);
  bytes.set(password.subarray(0, AUTHENTICATION_LENGTH));
  return bytes;
}
