import { findLeftOpen } from '../checkpoints/shard/open-batch.ts';
import { readOpenTwins, RESUME_CANCELS } from '../checkpoints/round/twins.ts';
import type { OpenBatch } from '../checkpoints/shard/shard-end.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { ShardStatus } from './shard-status.ts';

/**
 * Reads from the shards' checkpoints which batches a job left open. Used if its execution ended without a summary: it was
 * stopped, or its host was killed.
 */
export async function readLeftOpen(
  store: ObjectStore,
  jobId: string,
  shards: readonly ShardStatus[],
): Promise<readonly OpenBatch[]> {
  const begun = shards.filter(({ state }) => state === 'running' || state === 'stopped');
  const open = await sideBySide(begun, async ({ shard, progress }) => {
    const ref = { jobId, shard };
    const left = await findLeftOpen(store, ref, EXECUTION_ENDED);
    const lastRound = left.open?.round ?? progress?.round ?? 1;
    const twins = await readOpenTwins(store, ref, { lastRound, onResume: RESUME_CANCELS });
    return [...(left.open === undefined ? [] : [left.open]), ...twins];
  });
  return open.flat();
}

const EXECUTION_ENDED = {
  code: 'EXECUTION_ENDED',
  message:
    'The job’s execution ended before the batch was collected: it was stopped, or its host was killed.',
};
