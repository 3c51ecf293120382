/** Settings of the kernel's network, as files below /proc/sys. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Null: there is no such file. Throws an Error that names the file. */
export function readSetting(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}

/** Throws an Error that names the file. */
export function writeSetting(file: string, value: string): void {
  try {
    writeFileSync(file, value, { flag: 'r+' });
  } catch (error) {
    throw new Error(`cannot set ${file} to ${value}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}
