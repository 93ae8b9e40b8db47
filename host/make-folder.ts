import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InvalidRequest } from '../src/errors.ts';
import { codeOf, explainFileError, pathProblem } from '../src/store/file-errors.ts';

/**
 * Creates a folder and its parents. Does not use Node's `recursive`, which never returns below /proc.
 * @param what the option that names it, for the error
 * @param mode mode of the folder if it is new; its parents get the user's default
 * @throws InvalidRequest when it cannot be created
 */
export async function makeFolder(what: string, folder: string, mode?: number): Promise<void> {
  try {
    await make(resolve(folder), mode);
  } catch (error) {
    throw new InvalidRequest(`${what}: "${folder}" could not be created${whyNot(error)}.`, { cause: error });
  }
}

/**
 * Checks by writing a file that a folder is writable.
 * @param what the option that names it, for the error
 * @throws InvalidRequest when it is not
 */
export async function requireWritable(what: string, folder: string): Promise<void> {
  const probe = join(folder, `.probe-${randomUUID()}`);
  try {
    await writeFile(probe, '', { flag: 'wx' });
  } catch (error) {
    throw notWritable(what, folder, error);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

export function notWritable(what: string, folder: string, error: unknown): InvalidRequest {
  const reason = explainFileError(error) ?? codeOf(error);
  return new InvalidRequest(`${what}: "${folder}" cannot be written to: ${reason}.`, { cause: error });
}

function whyNot(error: unknown): string {
  const reason = pathProblem(error) ?? explainFileError(error);
  return reason === undefined ? '' : `: ${reason}`;
}

async function make(path: string, mode?: number): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  if (dirname(path) !== path) await make(dirname(path));
  await mkdir(path, { mode }).catch((error: NodeJS.ErrnoException) => {
    // Another process has created the folder since.
    if (error.code !== 'EEXIST' || found !== undefined) throw error;
  });
}
