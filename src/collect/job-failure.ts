import type { Failure } from '../errors.ts';
import type { ShardEnd } from '../checkpoints/shard/shard-end.ts';
import { isCancelled, type Stop } from '../checkpoints/stop.ts';
import type { Summary } from '../checkpoints/summary.ts';

/** The status of an ended job, from its failure and the number of rows that are not ok. */
export function endStatusOf(failure: Failure | undefined, notOk: number): Summary['status'] {
  if (failure !== undefined) return failure.name === 'JobCancelled' ? 'cancelled' : 'failed';
  return notOk > 0 ? 'partial' : 'succeeded';
}

/** Why the job failed. A stop after every row has its outcome is not a failure. */
export function jobFailure(
  { failure, stop }: { readonly failure: Failure | undefined; readonly stop: Stop | undefined },
  ends: readonly ShardEnd[],
): Failure | undefined {
  // If a job stopped because its pilot did not finish, the reason is in the pilot's shards.
  const echoed = failure?.name === 'JobStopped' ? rootFailure(ends) : undefined;
  const failed = echoed ?? failure ?? rootFailure(ends);
  if (failed === undefined || stop === undefined) return failed;
  return isCancelled(stop) || failed.name === 'JobStopped' ? stop.failure : failed;
}

/** The first failure of a shard that is not only a consequence of another shard's failure. */
function rootFailure(ends: readonly ShardEnd[]): Failure | undefined {
  const failures = ends.flatMap(({ failure }) => failure ?? []);
  return failures.find(({ name }) => name !== 'JobStopped') ?? failures[0];
}
