import * as z from 'zod';
import type { Failure } from '../errors.ts';
import { lastExecution, readExecutionName, startExecution } from '../executions/executions.ts';
import { jobObject } from '../checkpoints/job.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import { jobKey, summaryKey } from '../checkpoints/keys.ts';
import { isCancelled, readStop, stopObject } from '../checkpoints/stop.ts';
import type { StartEdges } from './start-job.ts';
import { rejectElsewhere } from './whose-answers.ts';

export interface CancelledJob {
  readonly jobId: string;
  /** `ended` had come to its end before. */
  readonly state: 'cancelling' | 'ended';
}

/**
 * Cancels a job: nothing new is sent, its open batches are cancelled at the provider, and what they had finished ends
 * in its results. The execution that runs is stopped at once, and another one, which finds the job cancelled, does all
 * that. A job may be cancelled any number of times: one whose provider did not take the cancel has batches open.
 * @returns undefined when there is no such job.
 */
export async function cancelJob(edges: StartEdges, jobId: string): Promise<CancelledJob | undefined> {
  const { store, executions } = edges;
  const summary = await summaryObject.read(store, jobId);
  if ((await store.stat(jobKey(jobId))) === undefined) return summary && { jobId, state: 'ended' };
  const last = await lastExecution(executions, jobId);
  const running = last?.running === true;
  // Its execution may still run: it announces that end.
  if (summary !== undefined && !mayHaveOpenBatches(summary)) return { jobId, state: 'ended' };
  if (!running) rejectElsewhere(edges, await jobObject.require(store, jobId));
  if (running && isCancelled(await readStop(store, jobId))) return { jobId, state: 'cancelling' };
  // Before the execution is stopped: a create that is on its way finds it when it is through, and cancels its batch.
  await markCancelled(edges, jobId, 'The job was cancelled.');
  if (running) await executions.stop(last.name, 'The job was cancelled.');
  await store.delete(summaryKey(jobId));
  await startExecution(executions, jobId);
  return { jobId, state: 'cancelling' };
}

/** A job that failed or was cancelled may have left batches open; every other end means there are none. */
function mayHaveOpenBatches({ status }: Summary): boolean {
  return status === 'failed' || status === 'cancelled';
}

/** "Step Functions Execution Status Change" of EventBridge, as far as it is needed. */
const stoppedExecutionSchema = z.object({
  source: z.literal('aws.states'),
  detail: z.object({ name: z.string(), status: z.enum(['ABORTED', 'TIMED_OUT']) }),
});

/**
 * An execution was aborted by hand or ran out of time: its job is cancelled, so that nothing goes on costing money. An
 * execution that came after it has taken care of that already.
 */
export async function cancelStoppedJob(edges: StartEdges, event: unknown): Promise<CancelledJob> {
  const { detail } = stoppedExecutionSchema.parse(event);
  const { jobId, nth } = readExecutionName(detail.name);
  const last = await lastExecution(edges.executions, jobId);
  const known = (await edges.store.stat(jobKey(jobId))) !== undefined;
  if (!known || (last !== undefined && last.nth > nth)) return { jobId, state: 'ended' };
  const why = detail.status === 'ABORTED' ? 'was stopped' : 'ran out of time';
  await markCancelled(edges, jobId, `The job's execution ${detail.name} ${why}.`);
  await startExecution(edges.executions, jobId);
  return { jobId, state: 'cancelling' };
}

async function markCancelled({ store, log }: StartEdges, jobId: string, message: string): Promise<void> {
  // Whoever was first says why.
  if (isCancelled(await readStop(store, jobId))) return;
  const failure: Failure = { name: 'JobCancelled', code: 'CANCELLED', message };
  await stopObject.write(store, jobId, { failure });
  log('job_cancelled', { jobId });
}
