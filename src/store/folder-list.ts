import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from './file-errors.ts';
import { STAGING } from './staged-file.ts';

interface Listed {
  readonly key: string;
  readonly bytes: number;
}

/** Every file whose key starts with the prefix, in the byte order of whole keys, as S3 lists them. */
export async function* listFiles(root: string, prefix: string): AsyncGenerator<Listed> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  // No key has such a segment, so there is nothing to list; above all not what is outside the folder.
  if (folder.split('/').slice(0, -1).some(isNoSegment)) return;
  yield* walk(root, folder, prefix);
}

/** A part of a path that no key may have. */
export function isNoSegment(part: string): boolean {
  return part === '' || part === '.' || part === '..' || part.includes('\0');
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<Listed> {
  for (const key of await keysIn(root, folder)) {
    if (!key.startsWith(prefix)) continue;
    if (key.endsWith('/')) yield* walk(root, key, prefix);
    else yield* entryOf(root, key);
  }
}

/** Keys right below a folder. Those of folders end in "/" already for the order: `a-b` < `a/` < `a0`. */
async function keysIn(root: string, folder: string): Promise<string[]> {
  if (folder.startsWith(`${STAGING}/`)) return [];
  const entries = (await ifThere(readdir(join(root, folder), { withFileTypes: true }))) ?? [];
  return entries
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function* entryOf(root: string, key: string): AsyncGenerator<Listed> {
  const found = await ifThere(stat(join(root, key)));
  if (found?.isFile()) yield { key, bytes: found.size };
}
