/** The BPF file system that holds the pins: found, or mounted where there is none. */
import { statfsSync } from 'node:fs';
import { mountBpffs } from 'libbpf-ts';
import { DataplaneError } from './error.ts';
import { makeDirectory } from './make-directory.ts';

const BPF_FS_MAGIC = 0xcafe4a11;
const SYSTEM_BPFFS = '/sys/fs/bpf';

/**
 * Makes `directory` a directory of a BPF file system: as it is, made inside one,
 * or mounted. Mounting needs CAP_SYS_ADMIN; it is the service manager's task
 * where the daemon does not have it.
 */
export function ensureBpffs(directory: string): void {
  if (isBpffs(directory)) return;
  if (directory.startsWith(`${SYSTEM_BPFFS}/`) && !isBpffs(SYSTEM_BPFFS)) mount(SYSTEM_BPFFS, directory);
  makeMountPoint(directory);
  if (!isBpffs(directory)) mount(directory, directory);
}

function isBpffs(directory: string): boolean {
  try {
    return statfsSync(directory).type === BPF_FS_MAGIC;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new DataplaneError('bpffs', `cannot use ${directory} for pins: ${(error as Error).message}`, error);
  }
}

function makeMountPoint(directory: string): void {
  try {
    makeDirectory(directory, 0o700);
  } catch (error) {
    throw new DataplaneError('bpffs', `cannot make the directory for pins: ${(error as Error).message}`, error);
  }
}

function mount(target: string, directory: string): void {
  try {
    mountBpffs(target);
  } catch (error) {
    throw new DataplaneError(
      'bpffs',
      `no BPF file system is mounted at ${target}, and mounting one failed: ${(error as Error).message}. ` +
        `Without CAP_SYS_ADMIN the service manager must mount it: mount -t bpf bpf ${directory}, owned by the daemon's user`,
      error,
    );
  }
}
