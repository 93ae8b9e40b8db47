import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from './file-errors.ts';
import type { ListedObject, ListOptions } from './object-store.ts';
import { STAGING } from './staged-file.ts';

/** Every file whose key starts with the prefix, in the byte order of whole keys, as S3 lists them. */
export async function* listFiles(
  root: string,
  prefix: string,
  { after }: ListOptions = {},
): AsyncGenerator<ListedObject> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  // No key has such a segment, so nothing is listed. In particular, nothing outside the folder is listed.
  if (folder.split('/').slice(0, -1).some(isNoSegment)) return;
  const last = after === undefined ? undefined : Buffer.from(after);
  yield* walk(root, folder, { prefix, last });
}

/** A mark that changes with a file's time or size. */
export function markOf({ mtimeMs, size }: Stats): string {
  return `${mtimeMs}-${size}`;
}

interface Wanted {
  readonly prefix: string;
  /** The last key that is skipped: everything up to it is left out. */
  readonly last: Buffer | undefined;
}

/** True for a part of a path that keys must not have. */
export function isNoSegment(part: string): boolean {
  return part === '' || part === '.' || part === '..' || part.includes('\0');
}

async function* walk(root: string, folder: string, wanted: Wanted): AsyncGenerator<ListedObject> {
  const { prefix, last } = wanted;
  for (const key of await keysIn(root, folder)) {
    if (!key.startsWith(prefix)) continue;
    if (key.endsWith('/')) yield* walk(root, key, wanted);
    else if (last === undefined || Buffer.compare(Buffer.from(key), last) > 0) yield* entryOf(root, key);
  }
}

/** Keys directly below a folder. Those of subfolders already end in "/", for the order: `a-b` < `a/` < `a0`. */
async function keysIn(root: string, folder: string): Promise<string[]> {
  if (folder.startsWith(`${STAGING}/`)) return [];
  const entries = (await ifThere(readdir(join(root, folder), { withFileTypes: true }))) ?? [];
  return entries
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function* entryOf(root: string, key: string): AsyncGenerator<ListedObject> {
  const found = await ifThere(stat(join(root, key)));
  if (found?.isFile()) yield { key, bytes: found.size, mark: markOf(found), writtenAt: found.mtimeMs };
}
