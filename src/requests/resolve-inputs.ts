import { createHash } from 'node:crypto';
import { InvalidInput, InvalidRequest } from '../errors.ts';
import type { InputRef } from '../checkpoints/job.ts';
import { rowsKey } from '../checkpoints/keys.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { InputFilter } from './input-files.ts';
import type { JobRequest } from './job-request.ts';
import { MAX_INPUTS, MAX_REQUEST_BYTES, tooLarge } from './request-limits.ts';

/**
 * Resolves the input files of a request, each in its current version, so that a later overwrite does not change the job. Inline
 * rows are stored beside `job.json`, because below `input/` they would start another job.
 * @param filter records skipped files below the prefix
 * @throws InvalidRequest when a file does not exist, or the prefix has no files or too many
 */
export async function resolveInputs(
  store: ObjectStore,
  jobId: string,
  { inputs, prefix, rows }: JobRequest,
  filter = new InputFilter(),
): Promise<readonly InputRef[]> {
  if (rows !== undefined) return [await keepRows(store, jobId, rows)];
  const keys = inputs ?? (await keysBelow(store, prefix ?? '', filter));
  if (keys.length === 0)
    throw new InvalidRequest(`There is no input file below "${prefix}".${filter.describeSkipped()}`);
  return pinAll(store, keys);
}

/**
 * All input files below a prefix in their current version; empty if there are none.
 * @throws InvalidRequest when there are too many
 */
export async function inputsBelow(
  store: ObjectStore,
  prefix: string,
  filter: InputFilter,
): Promise<readonly InputRef[]> {
  return pinAll(store, await keysBelow(store, prefix, filter));
}

async function pinAll(store: ObjectStore, keys: readonly string[]): Promise<readonly InputRef[]> {
  const found = await sideBySide(keys, (key) => pinVersion(store, key));
  const missing = keys.filter((_, n) => found[n] === undefined);
  if (missing.length > 0) {
    const some = missing.slice(0, 5).map((key) => store.locate(key));
    const more = missing.length > some.length ? ` and ${missing.length - some.length} more` : '';
    throw new InvalidRequest(`There is no input file ${some.join(', ')}${more}.`);
  }
  return found.filter((input) => input !== undefined);
}

async function keepRows(store: ObjectStore, jobId: string, rows: readonly unknown[]): Promise<InputRef> {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_REQUEST_BYTES) throw tooLarge('The request', bytes);
  const key = rowsKey(jobId, createHash('sha256').update(text).digest('hex').slice(0, 16));
  await store.put(key, text);
  return { key };
}

async function pinVersion(store: ObjectStore, key: string): Promise<InputRef | undefined> {
  const found = await statInput(store, key);
  return found && { key, ...pinOf(found) };
}

/** Pins an input to its current content: by its version or, in a store without versions, by its ETag. */
export function pinOf({ version, etag }: Pick<ObjectInfo, 'version' | 'etag'>): Omit<InputRef, 'key'> {
  if (version !== undefined) return { version };
  return etag === undefined ? {} : { etag };
}

/**
 * Reads the metadata of an input. A key that cannot belong to a file (a folder has no `staged//a`) is an error of the request.
 */
async function statInput(store: ObjectStore, key: string): Promise<ObjectInfo | undefined> {
  try {
    return await store.stat(key);
  } catch (error) {
    if (error instanceof InvalidInput) throw new InvalidRequest(error.message, { cause: error });
    throw error;
  }
}

async function keysBelow(store: ObjectStore, prefix: string, filter: InputFilter): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key, bytes } of store.list(prefix)) {
    if (!filter.takes(key, bytes)) continue;
    keys.push(key);
    if (keys.length > MAX_INPUTS) {
      throw new InvalidRequest(
        `There are more than ${MAX_INPUTS} input files below "${prefix}": choose a longer prefix.`,
      );
    }
  }
  return keys;
}
