/** A file is there with all of its text, or as it was. */
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';

/** Writes beside the file and renames; what is no file, like a pipe or /dev/stdout, is written to. Throws as fs does. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const isFile = await stat(target).then(
    (found) => found.isFile(),
    () => true,
  );
  if (!isFile) return await writeFile(target, text);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text, { flag: 'wx' });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
