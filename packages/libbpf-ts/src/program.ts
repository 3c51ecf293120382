// BpfProgram: a loaded program, from an object, a pin or an id.

import { requireInteger } from './arguments.ts';
import { byIdFailure, requireKind } from './by-fd.ts';
import { type ProgramType, programTypeName } from './constants.ts';
import { argumentError, check, closedError, systemError } from './error.ts';
import { addon, ID_KIND, type NativeFd, type NativeProgramInfo, ownFd } from './native.ts';
import { openPin, pinAt, removePin } from './pin.ts';
import { type TestRunOptions, type TestRunResult, testRun } from './test-run.ts';

/** What the kernel says of a program. */
export interface ProgramInfo {
  id: number;
  type: ProgramType;
  /** At most 15 characters. */
  name: string;
  /** 16 hexadecimal digits that change with the instructions. */
  tag: string;
  /** Nanoseconds from boot to the load. */
  loadTime: bigint;
  /** Instructions after the verifier's rewriting, and how many it looked at (Linux 5.16). */
  instructions: number;
  verifiedInstructions: number;
  machineCodeBytes: number;
  /** Nanoseconds and runs, if `kernel.bpf_stats_enabled` is 1. */
  runTime: bigint;
  runCount: bigint;
  mapIds: number[];
}

/** A loaded program. It lives while an attachment, a pin or a descriptor holds it. */
export class BpfProgram {
  readonly name: string;
  readonly type: ProgramType;
  readonly #handle: NativeFd;
  #pinPath: string | undefined;

  /** Takes ownership of `fd`, also when it throws. */
  constructor(fd: number, what: string, name?: string) {
    this.#handle = ownFd(fd);
    try {
      requireKind(fd, 'program', what);
      const info = programInfo(fd, what);
      this.name = name ?? info.name;
      this.type = programTypeName(info.type);
    } catch (error) {
      this.#handle.close();
      throw error;
    }
  }

  /** Opens a pinned program. `ENOENT`: nothing is pinned there. */
  static openPinned(path: string): BpfProgram {
    const program = new BpfProgram(openPin(path, 'program'), path);
    program.#pinPath = path;
    return program;
  }

  /** Opens a program by id, as `xdpQuery` gives it. Needs CAP_SYS_ADMIN. */
  static fromId(id: number): BpfProgram {
    requireInteger('an id', id, 1, 0xffff_ffff);
    const fd = addon().fdById(ID_KIND.program, id);
    check(fd, () => byIdFailure(`open program ${id}`, 'bpf(BPF_PROG_GET_FD_BY_ID)'));
    return new BpfProgram(fd, `program ${id}`);
  }

  get fd(): number {
    const fd = this.#handle.value();
    if (fd < 0) throw closedError(`program ${this.name}`);
    return fd;
  }

  /** Runs the program on given input; see {@link TestRunOptions}. Linux 4.12; `syscall` programs 5.14. */
  testRun(options: TestRunOptions = {}): TestRunResult {
    return testRun(this.fd, this.name, this.type, options);
  }

  info(): ProgramInfo {
    const { btfId: _, type, ...rest } = programInfo(this.fd, `program ${this.name}`);
    return { ...rest, type: programTypeName(type) };
  }

  /** Ids of the maps that the program uses; open them with `BpfMap.fromId`. */
  mapIds(): number[] {
    return this.info().mapIds;
  }

  /** Pins the program in a BPF file system. */
  pin(path: string): void {
    pinAt(path, `program ${this.name}`, (checked) => addon().pin(this.fd, checked));
    this.#pinPath = path;
  }

  /** Removes the pin that `pin` or `openPinned` named. */
  unpin(): void {
    void this.fd;
    if (this.#pinPath === undefined) throw argumentError(`program ${this.name} was not pinned through this object`);
    removePin(this.#pinPath, `program ${this.name}`);
    this.#pinPath = undefined;
  }

  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function programInfo(fd: number, what: string): NativeProgramInfo {
  const info = addon().programInfo(fd);
  if (typeof info !== 'number') return info;
  throw systemError(-info, { doing: `read what ${what} is`, syscall: 'bpf(BPF_OBJ_GET_INFO_BY_FD)' });
}
