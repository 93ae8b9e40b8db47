import { pilotResultsKey, shardKey } from '../checkpoints/keys.ts';
import { requiredLines } from '../jsonl/own-lines.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Joins the results of a pilot's shards, for people. @returns their key */
export async function writePilotResults(
  store: ObjectStore,
  jobId: string,
  shards: readonly number[],
): Promise<string> {
  const key = pilotResultsKey(jobId);
  const writer = store.write(key);
  try {
    for (const shard of shards) {
      for await (const lines of requiredLines(store, shardKey({ jobId, shard }, 'results.jsonl')))
        for (const line of lines) await writer.write(line);
    }
    await writer.close();
    return key;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
