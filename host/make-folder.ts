import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidRequest } from '../src/errors.ts';
import { explainFileError } from '../src/store/file-errors.ts';

/**
 * Makes a folder and those above it. Not by Node's `recursive`, which never ends below /proc.
 * @param what the option that names it, for the error
 * @param mode of the folder itself when it is new; those above it get the user's default
 * @throws InvalidRequest when it cannot be made
 */
export async function makeFolder(what: string, folder: string, mode?: number): Promise<void> {
  try {
    await make(resolve(folder), mode);
  } catch (error) {
    const reason = explainFileError(error);
    const why = reason === undefined ? '' : `: ${reason}`;
    throw new InvalidRequest(`${what}: "${folder}" cannot be made a folder${why}.`, { cause: error });
  }
}

async function make(path: string, mode?: number): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  if (dirname(path) !== path) await make(dirname(path));
  await mkdir(path, { mode }).catch((error: NodeJS.ErrnoException) => {
    // Somebody else was quicker.
    if (error.code !== 'EEXIST' || found !== undefined) throw error;
  });
}
