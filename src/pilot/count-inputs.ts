import type { Job } from '../checkpoints/job.ts';
import { rowsToSend, type Plan } from '../checkpoints/plan.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { builtRows } from './shard-rows.ts';

/** Number of request lines of each input file, in order. Reads the shards only if there are several files. */
export async function countInputs(store: ObjectStore, job: Job, plan: Plan): Promise<number[]> {
  if (job.inputs.length === 1) return [rowsToSend(plan)];
  const counts: number[] = [];
  let last: string | undefined;
  for (const shard of plan.shards.keys()) {
    for await (const row of builtRows(store, { jobId: job.jobId, shard }, plan.rows)) {
      if (row.source === undefined || !('request' in row)) continue;
      const { file } = JSON.parse(row.source.toString('utf8')) as RowSource;
      if (file !== last) counts.push(0);
      last = file;
      counts.push((counts.pop() ?? 0) + 1);
    }
  }
  return counts;
}
