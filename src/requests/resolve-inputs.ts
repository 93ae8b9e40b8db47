import { createHash } from 'node:crypto';
import { InvalidInput, InvalidRequest } from '../errors.ts';
import type { InputRef } from '../checkpoints/job.ts';
import { rowsKey } from '../checkpoints/keys.ts';
import { sideBySide } from '../side-by-side.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { InputFilter } from './input-files.ts';
import type { JobRequest } from './job-request.ts';
import { MAX_INPUTS, MAX_REQUEST_BYTES, tooLarge } from './request-limits.ts';

/**
 * The input files a request means, each in the version it has now, so that a file written anew later does not change
 * the job. Rows that came with the request are put beside `job.json`: below `input/` they would start another job.
 * @param filter keeps in mind what a prefix has besides input files
 * @throws InvalidRequest when a file is not there, or the prefix has none or too many.
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

/** Every input file below a prefix, as it is now; none when there is none. @throws InvalidRequest when there are too many */
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

/** What holds an input to what it is now: its version, or where there are none what tells that it changed. */
export function pinOf({ version, etag }: Pick<ObjectInfo, 'version' | 'etag'>): Omit<InputRef, 'key'> {
  if (version !== undefined) return { version };
  return etag === undefined ? {} : { etag };
}

/** A key that can be no file's (a folder has no `staged//a`) is the request's mistake. */
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
