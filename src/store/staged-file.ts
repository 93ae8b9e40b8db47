import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidInput } from '../errors.ts';
import { codeOf, placingError } from './file-errors.ts';

/**
 * Where files are until they are whole; never listed. In the store's own folder, so that a rename stays within one file
 * system and is atomic.
 */
export const STAGING = '.tmp';

/** Writes a file aside, lets the callback put it into place, and leaves nothing behind. */
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

/** A free path to write to. */
export async function stagingPath(root: string): Promise<string> {
  await mkdir(join(root, STAGING), { recursive: true });
  return join(root, STAGING, randomUUID());
}

/**
 * Moves a whole file into place, over the one that may be there.
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
 * Puts a whole file into a free place; false when it was taken. `link` fails when the name exists, whoever made it:
 * exactly one caller wins, in any process.
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
 * Puts a file under another name, too: files are never written again, so that one can have two. Where the file system
 * has no such names it is copied.
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
    // To rename a file over another name of its own leaves both.
    await rm(staged, { force: true });
  }
}
