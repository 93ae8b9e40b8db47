import { createHash } from 'node:crypto';
import { jobKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { storedObject } from '../../src/checkpoints/stored-object.ts';
import type { Log } from '../../src/log.ts';
import { readDrop, type DropEvent } from '../../src/requests/drop-event.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/** `.drops/<hash of the key>.json`: the last job of a dropped file. */
interface LastDrop {
  readonly jobId: string;
  readonly bytes: number;
}

const lastDropObject = storedObject<LastDrop, string>(
  (key) => `.drops/${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`,
);

/** A file in the folder. */
interface DroppedFile {
  readonly key: string;
  readonly bytes: number;
}

/** True if this version of the file was already rejected. At the next start it would only be rejected again. */
export async function wasRefused(store: ObjectStore, event: DropEvent): Promise<boolean> {
  const { jobId } = readDrop(event);
  if ((await store.stat(jobKey(jobId))) !== undefined) return false;
  return (await store.stat(summaryKey(jobId))) !== undefined;
}

/**
 * Records the job of a file. If an earlier version of the file has started a job, logs this: a file that grew or was
 * rewritten is sent again as a whole.
 */
export async function noteDrop(
  { store, log }: { readonly store: ObjectStore; readonly log: Log },
  event: DropEvent,
  { key, bytes }: DroppedFile,
): Promise<void> {
  const { jobId } = readDrop(event);
  const before = await lastDropObject.read(store, key);
  if (before?.jobId === jobId) return;
  if (before !== undefined && (await store.stat(jobKey(before.jobId))) !== undefined)
    log('input_changed', { jobId, before: before.jobId, key, bytes, bytesBefore: before.bytes });
  await lastDropObject.write(store, key, { jobId, bytes });
}
