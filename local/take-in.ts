import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { InvalidRequest } from '../src/errors.ts';
import { makeJobId } from '../src/job-id.ts';
import { jobPrefix } from '../src/keys.ts';
import type { ObjectStore } from '../src/store/object-store.ts';

/** A file of the user's, as an object of the store: what the job is called and where its input is. */
export interface TakenIn {
  readonly jobId: string;
  readonly key: string;
}

const CHUNK_BYTES = 1_048_576;

/**
 * Copies a file into the store, where the workflow reads it. The same content treated the same way (`identity`) is the
 * same job, so running a file again resumes it or shows what it came to.
 * @throws InvalidRequest when the file cannot be read.
 */
export async function takeIn(
  store: ObjectStore,
  file: string,
  identity: readonly string[],
): Promise<TakenIn> {
  const jobId = makeJobId(file, [await contentHash(file), ...identity]);
  const key = `${jobPrefix(jobId)}input/${basename(file)}`;
  const known = await store.open(key);
  known?.close();
  if (known === undefined) await copy(store, file, key);
  return { jobId, key };
}

async function contentHash(file: string): Promise<string> {
  const hash = createHash('sha256');
  await refuseFolder(file);
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function refuseFolder(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new InvalidRequest(`There is no file ${file}.`);
  if (!found.isFile()) throw new InvalidRequest(`${file} is not a file.`);
}

async function copy(store: ObjectStore, file: string, key: string): Promise<void> {
  const writer = store.write(key);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES }))
      await writer.write(chunk as Buffer);
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
