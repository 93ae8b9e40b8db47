import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { InvalidRequest } from '../src/errors.ts';
import { makeJobId } from '../src/job-id.ts';
import { jobKey, jobPrefix, summaryKey } from '../src/keys.ts';
import type { ObjectStore } from '../src/store/object-store.ts';

/** A file of the user's, as an object of the store: what the job is called and where its input is. */
export interface TakenIn {
  readonly jobId: string;
  readonly key: string;
}

export interface TakeIn {
  readonly file: string;
  /** How the file is treated: with its content, what makes the job unique. */
  readonly identity: readonly string[];
  /** Ask for a new job although the last one of this file has ended. */
  readonly again: boolean;
}

const CHUNK_BYTES = 1_048_576;

/**
 * Copies a file into the store, where the workflow reads it. The same content under the same name, which says its
 * format, treated the same way is the same job, so running a file again resumes it or shows what it came to.
 * @throws InvalidRequest when the file cannot be read.
 */
export async function takeIn(store: ObjectStore, { file, identity, again }: TakeIn): Promise<TakenIn> {
  const name = basename(file);
  const jobId = await chooseJob(store, file, [await contentHash(file), name, ...identity], again);
  const key = `${jobPrefix(jobId)}input/${name}`;
  const known = await store.open(key);
  known?.close();
  if (known === undefined) await copy(store, file, key);
  return { jobId, key };
}

/** The last job of this file; with `again` the one after it, unless the last has not ended and wants to go on. */
async function chooseJob(
  store: ObjectStore,
  file: string,
  identity: readonly string[],
  again: boolean,
): Promise<string> {
  const nth = (n: number): string => makeJobId(file, n === 1 ? identity : [...identity, String(n)]);
  const exists = async (key: string): Promise<boolean> => (await store.get(key)) !== undefined;
  let last = 1;
  while (await exists(jobKey(nth(last + 1)))) last += 1;
  return nth(again && (await exists(summaryKey(nth(last)))) ? last + 1 : last);
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
