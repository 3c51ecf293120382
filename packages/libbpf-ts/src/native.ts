// The native addon: what it exports, and where it is found. Loaded at first use, so that layouts,
// codecs and the fake map work where there is no addon.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BpfError } from './error.ts';

/** A result of zero or more, or -errno. */
export type Result = number;

export interface NativeFd {
  value(): number;
  close(): void;
}

export interface NativeObject {
  open(bytes: Uint8Array, name: string, pinRoot: string): Result;
  load(): Result;
  loadAsync(): Promise<Result>;
  close(): void;
  log(): string;
  maps(): NativeMapDeclaration[];
  programs(): { name: string; section: string; type: number; autoload: boolean }[];
  setMaxEntries(map: string, count: number): Result;
  setPinPath(map: string, path: string): Result;
  setAutocreate(map: string, on: boolean): Result;
  reuseFd(map: string, fd: number): Result;
  initialValue(map: string): Buffer | null;
  setInitialValue(map: string, bytes: Uint8Array): Result;
  setAutoload(program: string, on: boolean): Result;
  mapFd(map: string): Result;
  programFd(program: string): Result;
}

interface NativeMapDeclaration {
  name: string;
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  internal: boolean;
}

export interface NativeRingBuffer {
  open(mapFd: number): Result;
  drain(limit: number): Buffer[] | Result;
  arm(onReadable: () => void): Result;
  close(): void;
}

interface NativeMapInfo {
  id: number;
  type: number;
  name: string;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  btfId: number;
  btfKeyTypeId: number;
  btfValueTypeId: number;
}

export interface NativeProgramInfo {
  id: number;
  type: number;
  name: string;
  tag: string;
  loadTime: bigint;
  instructions: number;
  verifiedInstructions: number;
  machineCodeBytes: number;
  runTime: bigint;
  runCount: bigint;
  btfId: number;
  mapIds: number[];
}

interface NativeTestRun {
  rc: Result;
  retval: number;
  duration: number;
  dataSize: number;
  contextSize: number;
}

interface NativeXdpQuery {
  attachMode: number;
  progId: number;
  nativeId: number;
  genericId: number;
  hardwareId: number;
}

export const ID_KIND = { program: 0, map: 1, btf: 2, link: 3 } as const;

type Bytes = Uint8Array;

export interface Addon {
  Fd: new (fd: number) => NativeFd;
  Object: new () => NativeObject;
  RingBuffer: new () => NativeRingBuffer;
  dup(fd: number): Result;
  pin(fd: number, path: string): Result;
  openPin(path: string): Result;
  mountBpffs(directory: string, options: string): Result;
  fdById(kind: number, id: number): Result;
  btfData(fd: number): Buffer | Result;
  mapInfo(fd: number): NativeMapInfo | Result;
  programInfo(fd: number): NativeProgramInfo | Result;
  linkInfo(fd: number): { id: number; type: number; progId: number; ifindex: number } | Result;
  mapLookup(fd: number, key: Bytes, value: Bytes, flags: number): Result;
  mapLookupAndDelete(fd: number, key: Bytes, value: Bytes): Result;
  mapUpdate(fd: number, key: Bytes, value: Bytes, flags: number): Result;
  mapDelete(fd: number, key: Bytes): Result;
  mapNextKey(fd: number, key: Bytes | null, next: Bytes): Result;
  mapFreeze(fd: number): Result;
  mapLookupBatch(
    fd: number,
    tokenIn: Bytes | null,
    tokenOut: Bytes,
    keys: Bytes,
    values: Bytes,
    count: Uint32Array,
  ): Result;
  mapUpdateBatch(fd: number, keys: Bytes, values: Bytes, count: Uint32Array, flags: number): Result;
  mapDeleteBatch(fd: number, keys: Bytes, count: Uint32Array): Result;
  mapCreate(
    type: number,
    name: string,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
    innerFd: number,
  ): Result;
  mapMmap(fd: number, length: number): ArrayBuffer | Result;
  testRun(
    fd: number,
    dataIn: Bytes | null,
    dataOut: Bytes | null,
    contextIn: Bytes | null,
    contextOut: Bytes | null,
    repeat: number,
    flags: number,
    cpu: number,
    batchSize: number,
  ): NativeTestRun;
  programLoad(type: number, instructions: Bytes, flags: number, attachType: number): { fd: Result; log: string };
  linkCreate(programFd: number, ifindex: number, flags: number): Result;
  linkUpdate(linkFd: number, programFd: number, oldProgramFd: number): Result;
  linkDetach(linkFd: number): Result;
  xdpAttach(ifindex: number, programFd: number, flags: number, oldProgramFd: number): Result;
  xdpQuery(ifindex: number): NativeXdpQuery | Result;
  probeProgramType(type: number): Result;
  probeMapType(type: number): Result;
  possibleCpus(): Result;
  typeNames(kind: number): string[];
  libbpfVersion(): string;
}

let loaded: Addon | undefined;

/** The addon: beside the running file (a bundle), or in this package's build directory. */
export function addon(): Addon {
  loaded ??= loadAddon();
  return loaded;
}

/** Takes ownership of a descriptor. */
export function ownFd(fd: number): NativeFd {
  return new (addon().Fd)(fd);
}

function loadAddon(): Addon {
  const candidates = ['./bpf_addon.node', '../build/Release/bpf_addon.node'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new BpfError(
      `the native addon is not built; run "npm run build:native" in libbpf-ts (looked for ${candidates.join(' and ')})`,
      {
        code: 'ADDON',
      },
    );
  }
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw new BpfError(
      `the native addon ${path} cannot be loaded; is libbpf 1.x installed, and was it built for this Node?`,
      {
        code: 'ADDON',
        cause,
      },
    );
  }
}
