/** The native addon: what it exports, and where it is found. Loaded at first use. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { NetioError } from './error.ts';

/** Numbers are 0 or -errno. */
export interface NativeNetlinkSocket {
  open(protocol: number, receiveBuffer: number, onReadable: () => void): number;
  join(group: number): number;
  send(data: Uint8Array): number;
  receive(): Buffer | number;
  arm(): number;
  close(): void;
}

/** Bytes; of IPv6 also source, destination and hop limit. */
export type NativeReceived = readonly [Buffer, string?, string?, number?];

export interface NativeRawSocket {
  open(
    family: 4 | 6,
    protocol: number,
    device: string,
    hopLimit: number,
    trafficClass: number,
    onReadable: () => void,
  ): number;
  bindTo(address: string): number;
  join(group: string): number;
  send(data: Uint8Array, destination: string): number;
  receive(): NativeReceived | number;
  arm(): number;
  close(): void;
}

export interface NativePacketSocket {
  open(device: string): number;
  /** `filter`: instructions of 8 bytes each. */
  listen(filter: Uint8Array, onReadable: () => void): number;
  send(frame: Uint8Array): number;
  /** A frame, and whether this machine sent it. */
  receive(): readonly [Buffer, boolean] | number;
  arm(): number;
  close(): void;
}

export interface Addon {
  NetlinkSocket: new () => NativeNetlinkSocket;
  RawSocket: new () => NativeRawSocket;
  PacketSocket: new () => NativePacketSocket;
  /** The number, or -errno. */
  ethtoolValue(device: string, command: number): number;
}

let loaded: Addon | undefined;

/** The addon: beside the running file (a bundle), or in this package's build directory. */
export function addon(): Addon {
  loaded ??= loadAddon();
  return loaded;
}

function loadAddon(): Addon {
  const candidates = ['./netio_addon.node', '../build/Release/netio_addon.node'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    const found = `looked for ${candidates.join(' and ')}`;
    throw new NetioError(`the native addon is not built; run "npm run build:native" in netio (${found})`, 'ADDON');
  }
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw new NetioError(`the native addon ${path} cannot be loaded; was it built for this Node?`, 'ADDON', cause);
  }
}
