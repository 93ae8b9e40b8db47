import { access, constants, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { didYouMean } from '../src/text/did-you-mean.ts';
import { InvalidRequest } from '../src/errors.ts';
import { codeOf, explainFileError } from '../src/store/file-errors.ts';

/**
 * Checks that a path is a file that this user can read.
 * @throws InvalidRequest when the file does not exist (names a similar one), is a folder, or cannot be read
 */
export async function requireReadable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new InvalidRequest(`There is no file ${path}.${await alike(path)}`);
  if (found.isDirectory())
    throw new InvalidRequest(`${path} is not a file. It is a folder: name the files in it.`);
  if (!found.isFile()) throw new InvalidRequest(`${path} is not a file.`);
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    const reason = explainFileError(error) ?? codeOf(error);
    throw new InvalidRequest(`${path} cannot be read: ${reason}.`, { cause: error });
  }
}

/** A file in the same folder whose name differs by a typing error, by case, or by Unicode composition. */
async function alike(path: string): Promise<string> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const asked = basename(path).normalize();
  const composed = new Map(names.map((name) => [name.normalize(), name]));
  const same = composed.get(asked);
  if (same !== undefined) return ` Did you mean ${JSON.stringify(join(folder, same))}?`;
  return didYouMean(asked, composed.keys());
}
