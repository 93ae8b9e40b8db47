import type { Edges } from '../edges.ts';
import { progressObject, type Progress } from '../checkpoints/shard/progress.ts';
import type { ShardRef } from '../checkpoints/keys.ts';

/** Records progress for people. A failure here does not fail the step. */
export async function reportProgress(
  { store, log }: Pick<Edges, 'store' | 'log'>,
  ref: ShardRef,
  progress: Progress,
): Promise<void> {
  const { jobId, shard } = ref;
  try {
    await progressObject.write(store, ref, progress);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown';
    log('progress_not_written', { jobId, shard, error: name });
  }
}
