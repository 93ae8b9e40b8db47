import { createHash } from 'node:crypto';
import { jobKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { storedObject } from '../../src/checkpoints/stored-object.ts';
import type { Log } from '../../src/log.ts';
import { readDrop, type DropEvent } from '../../src/requests/drop-event.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/** `.drops/<hash of the key>.json`: the job that a dropped file last was. */
interface LastDrop {
  readonly jobId: string;
  readonly bytes: number;
}

const lastDropObject = storedObject<LastDrop, string>(
  (key) => `.drops/${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`,
);

/** A file as it lies in the folder. */
interface DroppedFile {
  readonly key: string;
  readonly bytes: number;
}

/** Whether this very file was refused already: at the next start it would only be refused once more. */
export async function wasRefused(store: ObjectStore, event: DropEvent): Promise<boolean> {
  const { jobId } = readDrop(event);
  if ((await store.stat(jobKey(jobId))) !== undefined) return false;
  return (await store.stat(summaryKey(jobId))) !== undefined;
}

/**
 * Remembers which job a file is, and says when it is not the first one: a file that grew, or was written anew, is sent as a
 * whole once more.
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
