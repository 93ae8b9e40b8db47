import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { InvalidRequest } from '../src/errors.ts';
import type { InputRef } from '../src/checkpoints/job.ts';
import { makeJobId } from '../src/requests/job-id.ts';
import { jobKey, jobPrefix, summaryKey } from '../src/checkpoints/keys.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { readBlocks } from './read-blocks.ts';
import { requireReadable } from './readable-file.ts';

export interface TakeIn {
  /** Paths of the files, in the order of their rows. */
  readonly files: readonly string[];
  /** Settings of the job. Together with the content of the files, they identify the job. */
  readonly identity: readonly string[];
  /** True to start a new job even if the last one with these files has ended. */
  readonly again: boolean;
  /** Set for a sample: its number of rows. */
  readonly limit?: number | undefined;
}

/**
 * Copies files into the store, where the workflow reads them. The same content with the same name (its extension is the format)
 * and the same options is the same job, so running the files again resumes it or shows its result.
 * @throws InvalidRequest when a file cannot be read.
 */
export async function takeIn(
  store: ObjectStore,
  { files, identity, again, limit }: TakeIn,
): Promise<{ readonly jobId: string; readonly inputs: readonly InputRef[] }> {
  const { whole, jobId, contents } = await chooseJobs(store, { files, identity, again, limit });
  const names = distinct(files.map((file) => basename(file)));
  // A sample reads its files at the same keys as the job of all rows.
  const keys = names.map((each) => `${jobPrefix(whole)}input/${each}`);
  for (const [n, key] of keys.entries()) {
    if ((await store.stat(key)) === undefined) await copy(store, files[n] ?? '', key, contents[n] ?? '');
  }
  return { jobId, inputs: keys.map((key) => ({ key })) };
}

/** The job of these files, and the job of all their rows, whose files a sample reads. */
interface ChosenJobs {
  readonly jobId: string;
  readonly whole: string;
  /** Hashes of the files' contents. */
  readonly contents: readonly string[];
}

/**
 * Chooses the job of these files, and the job of all their rows: each the last one with this input or, with `again`, the next
 * one.
 * @throws InvalidRequest when a file cannot be read.
 */
export async function chooseJobs(
  store: ObjectStore,
  { files, identity, again, limit }: TakeIn,
): Promise<ChosenJobs> {
  const contents = await Promise.all(files.map(contentHash));
  const parts = [...files.flatMap((file, n) => [contents[n] ?? '', basename(file)]), ...identity];
  const name = files[0] ?? '';
  const whole = await chooseJob(store, name, parts, again && limit === undefined);
  const jobId =
    limit === undefined ? whole : await chooseJob(store, name, [...parts, `limit ${limit}`], again);
  return { jobId, whole, contents };
}

/** Gives files with the same name from different folders separate folders. */
function distinct(names: readonly string[]): string[] {
  return names.map((name, n) => (names.indexOf(name) === n ? name : `${n + 1}/${name}`));
}

/** Chooses the last job with this input; with `again` the next one, unless the last has not ended and can be resumed. */
export async function chooseJob(
  store: ObjectStore,
  name: string,
  identity: readonly string[],
  again: boolean,
): Promise<string> {
  const nth = (n: number): string => makeJobId(name, n === 1 ? identity : [...identity, String(n)]);
  const exists = async (key: string): Promise<boolean> => (await store.stat(key)) !== undefined;
  let last = 1;
  while (await exists(jobKey(nth(last + 1)))) last += 1;
  return nth(again && (await exists(summaryKey(nth(last)))) ? last + 1 : last);
}

async function contentHash(file: string): Promise<string> {
  const hash = createHash('sha256');
  await requireReadable(file);
  for await (const block of readBlocks(file)) hash.update(block);
  return hash.digest('hex');
}

/**
 * Copies an input file into the store.
 * @throws InvalidRequest when the file has changed since its job was named
 */
async function copy(store: ObjectStore, file: string, key: string, expected: string): Promise<void> {
  const writer = store.write(key);
  const hash = createHash('sha256');
  try {
    for await (const block of readBlocks(file)) {
      hash.update(block);
      await writer.write(block);
    }
    if (hash.digest('hex') !== expected)
      throw new InvalidRequest(
        `${file} changed while it was read; nothing was sent. Run it again when it is complete.`,
      );
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
