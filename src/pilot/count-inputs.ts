import type { Job } from '../checkpoints/job.ts';
import type { CountedInputs } from '../checkpoints/pilot.ts';
import { rowsToSend, type Plan } from '../checkpoints/plan.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import type { Pace } from '../pace.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { sourcesOfSent } from './shard-rows.ts';

/**
 * Counts the request lines of each input file, in order. Reads the sources of the rows only if there are several files. A call
 * that runs short of time returns what it has counted, and the next call continues there.
 */
export async function countInputs(
  store: ObjectStore,
  { jobId, inputs }: Job,
  plan: Plan,
  { before = NOTHING, pace }: { readonly before?: CountedInputs | undefined; readonly pace: Pace },
): Promise<CountedInputs> {
  const shards = plan.shards.length;
  if (inputs.length === 1) return { counts: [rowsToSend(plan)], shards };
  let counted = before;
  while (counted.shards < shards && !pace.mustStop) {
    const ref = { jobId, shard: counted.shards };
    counted = await addSources(sourcesOfSent(store, ref, plan.rows), counted);
    pace.did();
  }
  return counted;
}

const NOTHING: CountedInputs = { counts: [], shards: 0 };

/** Adds the rows of one shard. */
async function addSources(
  sources: AsyncIterable<Buffer>,
  { counts, shards, file }: CountedInputs,
): Promise<CountedInputs> {
  const all = [...counts];
  let last = file;
  for await (const source of sources) {
    const { file: of } = JSON.parse(source.toString('utf8')) as RowSource;
    if (of !== last) all.push(0);
    last = of;
    all.push((all.pop() ?? 0) + 1);
  }
  return { counts: all, shards: shards + 1, file: last };
}
