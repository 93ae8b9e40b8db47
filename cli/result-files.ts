import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InvalidRequest } from '../src/errors.ts';
import type { Summary } from '../src/checkpoints/summary.ts';
import { OUTPUT_PREFIX } from '../src/checkpoints/keys.ts';
import type { ListedObject, ObjectStore } from '../src/store/object-store.ts';
import { printable } from '../src/text/printable.ts';
import { codeOf, explainFileError, storeFileError } from '../src/store/file-errors.ts';
import { isNoSegment } from '../src/store/folder-list.ts';
import { makeFolder } from '../host/make-folder.ts';

/** Everything that a job has written below `output/<jobId>/`, in key order. */
export async function filesOf(store: ObjectStore, jobId: string): Promise<ListedObject[]> {
  return Array.fromAsync(store.list(`${OUTPUT_PREFIX}${jobId}/`));
}

/**
 * The key of a job's `results.jsonl`.
 * @throws InvalidRequest when the job ended without results.
 */
export function resultsOf({ jobId, results }: Summary): string {
  if (results !== undefined) return results;
  throw new InvalidRequest(`Job ${jobId} has no results: see nightshift status ${jobId}.`);
}

/**
 * Copies an object into a folder, under its name below `output/<jobId>/`.
 * @returns the file's path; undefined if the name would lead out of the folder, which happens only for an object that Nightshift
 * did not write
 */
export async function download(
  store: ObjectStore,
  key: string,
  { jobId, folder }: { readonly jobId: string; readonly folder: string },
): Promise<string | undefined> {
  const name = key.slice(`${OUTPUT_PREFIX}${jobId}/`.length);
  if (name.split(/[/\\]/).some(isNoSegment)) return undefined;
  return writeWhole(join(folder, name), read(store, key));
}

/**
 * Writes a file that appears only when it is complete.
 * @returns its path relative to the working directory
 * @throws StoreRejected naming the file and the cause, such as a full disk
 */
export async function writeWhole(path: string, chunks: AsyncIterable<Uint8Array | string>): Promise<string> {
  const staged = join(dirname(path), `.${randomUUID()}.part`);
  await makeFolder('--out', dirname(path));
  try {
    await pipeline(chunks, createWriteStream(staged));
    await rename(staged, path);
  } catch (error) {
    throw storeFileError(error, 'write', path);
  } finally {
    await rm(staged, { force: true });
  }
  return relative('.', resolve(path));
}

/** The run has ended and its answers are in the data folder, but the output of `--out` could not be written. */
export interface UnwrittenOutput {
  readonly out: string;
  /** The command that writes the output later. */
  readonly command: string;
  readonly error: unknown;
}

/** Error codes of Windows for a file that another program has open. */
const MAY_BE_OPEN: ReadonlySet<string> = new Set(['EBUSY', 'EPERM', 'EACCES']);

/** The error for a file that the operating system could not write; other errors unchanged. */
export function outputNotWritten({ out, command, error }: UnwrittenOutput): unknown {
  const cause = error instanceof Error && codeOf(error) === '' ? error.cause : error;
  if (codeOf(cause) === '') return error;
  const reason = explainFileError(cause) ?? codeOf(cause);
  const hint = MAY_BE_OPEN.has(codeOf(cause)) ? ' Is it open in another program?' : '';
  return new InvalidRequest(
    `--out: ${printable(out)} could not be written: ${reason}.${hint} The answers are kept. Write them with: ${command}`,
    { cause: error },
  );
}

/** An object's bytes. */
export async function* read(store: ObjectStore, key: string): AsyncGenerator<Buffer> {
  const object = await store.open(key);
  if (object === undefined) throw new Error(`There is no ${store.locate(key)} any more.`);
  try {
    yield* object.body;
  } finally {
    object.close();
  }
}
