import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidInput } from '../errors.ts';
import { codeOf, placingError } from './file-errors.ts';

/**
 * Folder of incomplete files; never listed. It is inside the store's folder, so that a rename stays within one file system and is
 * atomic.
 */
export const STAGING = '.tmp';

/** Writes a file to the staging folder, lets the callback move it into place, and cleans up. */
export async function withStaged<T>(
  root: string,
  bytes: Uint8Array | string,
  use: (staged: string) => Promise<T>,
): Promise<T> {
  const staged = await stagingPath(root);
  try {
    await writeFile(staged, bytes);
    return await use(staged);
  } finally {
    await rm(staged, { force: true });
  }
}

/** A free path in the staging folder. */
export async function stagingPath(root: string): Promise<string> {
  await mkdir(join(root, STAGING), { recursive: true });
  return join(root, STAGING, randomUUID());
}

/**
 * Moves a complete file into place, replacing an existing one.
 * @throws InvalidInput when no file can be there.
 */
export async function moveTo(staged: string, path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await rename(staged, path);
  } catch (error) {
    throw placingError(error, path);
  }
}

/**
 * Moves a complete file to a free path; false if it was taken. `link` fails if the name exists, so exactly one caller in any
 * process succeeds.
 */
export async function moveIfAbsent(staged: string, path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw placingError(error, path);
  }
  try {
    await link(staged, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw placingError(error, path);
  }
}

/**
 * Links a file to a second name, which is safe because files are never rewritten. Copies it if the file system has no hard links.
 */
export async function linkTo(root: string, source: string, path: string): Promise<void> {
  const staged = await stagingPath(root);
  try {
    await link(source, staged).catch(async (error: unknown) => {
      if (codeOf(error) === 'ENOENT')
        throw new InvalidInput(`There is no ${source} to copy.`, { cause: error });
      await copyFile(source, staged);
    });
    await moveTo(staged, path);
  } finally {
    // Renaming a file over a hard link of itself leaves both names, so the staged one is removed.
    await rm(staged, { force: true });
  }
}
