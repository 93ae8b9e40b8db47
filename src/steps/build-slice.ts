import { jobObject } from '../checkpoints/job.ts';
import type { BuiltSliceContext, SliceContext } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { failureFromCatch } from '../errors.ts';
import { buildSlice as build } from '../rows/slices/build-slice.ts';
import { sliceTroubleObject } from '../rows/slices/division.ts';
import { createRequests } from './create-requests.ts';

/**
 * Does one part of a divided build: notes the rows of one slice, or builds the shards that begin in it. If time runs short, the
 * next call continues there.
 */
export async function buildSlice(edges: Edges, context: SliceContext): Promise<BuiltSliceContext> {
  try {
    return await buildOnce(edges, context);
  } catch (error) {
    // After its last retry the state machine drops the error, so it is recorded here. If the store fails, too, the step still
    // fails with its own error.
    if (error instanceof Error) {
      const failure = failureFromCatch({ Error: error.name, Cause: error.message });
      await sliceTroubleObject.write(edges.store, context, failure).catch(() => undefined);
    }
    throw error;
  }
}

async function buildOnce(
  { store, log, time }: Edges,
  { jobId, slice }: SliceContext,
): Promise<BuiltSliceContext> {
  const job = await jobObject.require(store, jobId);
  const unfinished = await build(store, job, slice, {
    createRequests,
    time,
  });
  if (unfinished === undefined) return { jobId, slice };
  const { rows } = unfinished;
  log('build_paused', { jobId, slice, rows });
  return { jobId, slice, building: { rows } };
}
