import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidRequest } from '../src/errors.ts';

/**
 * Makes a folder and those above it. Not by Node's `recursive`, which never ends below /proc.
 * @param what the option that names it, for the error
 * @throws InvalidRequest when it cannot be made
 */
export async function makeFolder(what: string, folder: string): Promise<void> {
  try {
    await make(resolve(folder));
  } catch (error) {
    throw new InvalidRequest(`${what}: "${folder}" cannot be made a folder.`, { cause: error });
  }
}

async function make(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  if (dirname(path) !== path) await make(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    // Somebody else was quicker.
    if (error.code !== 'EEXIST' || found !== undefined) throw error;
  });
}
