// Pins: names of maps, programs and links in a BPF file system.

import { unlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { requireInteger } from './arguments.ts';
import { argumentError, check, type FailureContext, systemError } from './error.ts';
import { addon, type Result } from './native.ts';

/** Pins through `pin`; a sentence for each way that it can fail. */
export function pinAt(path: string, what: string, pin: (path: string) => Result): void {
  checkPath(path);
  check(pin(path), () => pinFailure(path, `pin ${what}`));
}

/** Opens a pin; the descriptor is the caller's. */
export function openPin(path: string, what: string): number {
  checkPath(path);
  return check(addon().openPin(path), () => ({
    doing: `open the pinned ${what} ${path}`,
    syscall: 'bpf(BPF_OBJ_GET)',
    path,
    advice: {
      ENOENT: `nothing is pinned at ${path}`,
      EACCES: `${path} is not a pin, or its mode forbids opening it`,
      EPERM: `not permitted; run as root, with CAP_BPF, or with access to ${path}`,
    },
  }));
}

/**
 * Mounts a BPF file system over a directory, for pins: nosuid, nodev, noexec, its root of `mode`, which
 * is at most 0o777 (0o700 unless it is given). Needs CAP_SYS_ADMIN.
 */
export function mountBpffs(directory: string, mode = 0o700): void {
  checkPath(directory);
  requireInteger('mode', mode, 0, 0o777);
  check(addon().mountBpffs(directory, `mode=${mode.toString(8)}`), () => ({
    doing: `mount a BPF file system at ${directory}`,
    syscall: 'mount',
    path: directory,
    advice: {
      EPERM: 'not permitted; mounting takes CAP_SYS_ADMIN, or root in the first user namespace',
      ENODEV: 'this kernel has no BPF file system',
      ENOTDIR: 'it is not a directory',
    },
  }));
}

/** Removes a pin. What it names lives on while anything else holds it. */
export function removePin(path: string, what: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    throw systemError(errno === undefined ? 0 : -errno, { doing: `unpin ${what}`, syscall: 'unlink', path });
  }
}

function pinFailure(path: string, doing: string): FailureContext {
  return {
    doing: `${doing} at ${path}`,
    syscall: 'bpf(BPF_OBJ_PIN)',
    path,
    advice: {
      EPERM: basename(path).includes('.')
        ? 'the name of a pin cannot have a dot'
        : 'the directory is not in a BPF file system (mount -t bpf)',
      ENOENT: 'its directory does not exist',
    },
  };
}

function checkPath(path: string): void {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw argumentError('the path of a pin must be a string that is not empty');
  }
}
