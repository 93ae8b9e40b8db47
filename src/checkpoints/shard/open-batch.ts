import { readCollected } from '../round/collected.ts';
import { uploadObject } from '../round/upload.ts';
import type { Failure } from '../../errors.ts';
import { progressObject } from './progress.ts';
import type { OpenBatch } from './shard-end.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { batchObject, creatingObject } from '../round/batch-checkpoint.ts';
import type { ShardRef } from '../keys.ts';

/** The action of a resume for a known batch. */
export const RESUME_COLLECTS =
  'A resume looks at the batch again and collects its answers; its rows are not sent again.';

const RESUME_LOOKS =
  'The answer to its create was lost. A resume looks for the batch at the provider before it creates another one.';

/** The files and batches that a stopped shard leaves at the provider. */
export interface LeftOpen {
  /** Its batch: created, or perhaps created, and not collected. */
  readonly open?: OpenBatch | undefined;
  /** Ids of files. */
  readonly left: readonly string[];
}

/** Reads from the checkpoints what a stopped shard leaves at the provider, whatever the reason for the stop. */
export async function findLeftOpen(
  store: ObjectStore,
  ref: ShardRef,
  failure: Pick<Failure, 'code' | 'message'>,
): Promise<LeftOpen> {
  const round = (await readCollected(store, ref)).length + 1;
  const [batch, creating, upload, progress] = await Promise.all([
    batchObject.read(store, { ...ref, round }),
    creatingObject.read(store, { ...ref, round }),
    uploadObject.read(store, { ...ref, round }),
    progressObject.read(store, ref),
  ]);
  const mayExist = creating !== undefined && creating.at > 0;
  const { candidates = [] } = creating ?? {};
  const left = upload === undefined ? [] : [upload.fileId];
  if (batch === undefined && !mayExist) return { left };
  const { code, message } = failure;
  const open = {
    shard: ref.shard,
    round,
    ...(batch && {
      batchId: batch.batchId,
      createdAt: new Date(batch.createdAt * 1_000).toISOString(),
      ...(progress?.batchId === batch.batchId && { status: progress.status }),
    }),
    ...(batch === undefined && candidates.length > 0 && { candidates }),
    files: { ...(upload && { input: upload.fileId }) },
    error: { code, message },
    onResume: batch === undefined ? RESUME_LOOKS : RESUME_COLLECTS,
  };
  return { open, left };
}
