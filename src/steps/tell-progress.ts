import type { Edges } from '../edges.ts';
import type { Progress } from '../checkpoints/progress.ts';
import { shardKey, type ShardRef } from '../checkpoints/keys.ts';
import { writeJson } from '../store/json.ts';

/** For people: a step does not fail because nobody can be told of it. */
export async function tellProgress(
  { store, log }: Pick<Edges, 'store' | 'log'>,
  ref: ShardRef,
  progress: Progress,
): Promise<void> {
  const { jobId, shard } = ref;
  try {
    await writeJson(store, shardKey(ref, 'progress.json'), progress);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown';
    log('progress_not_written', { jobId, shard, error: name });
  }
}
