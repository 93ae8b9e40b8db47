import * as z from 'zod';
import type { Failure } from '../errors.ts';
import { lastExecution, readExecutionName, startExecution } from '../executions/executions.ts';
import { jobObject } from '../checkpoints/job.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import { jobKey, summaryKey } from '../checkpoints/keys.ts';
import { isCancelled, readStop, stopObject } from '../checkpoints/stop.ts';
import type { StartEdges } from './start-job.ts';
import { rejectOtherHost } from './host-of-job.ts';

export interface CancelledJob {
  readonly jobId: string;
  /** `ended`: the job had already ended. */
  readonly state: 'cancelling' | 'ended';
}

/**
 * Cancels a job: nothing new is sent, its open batches are cancelled at the provider, and their finished rows are written to the
 * results. It stops the running execution and starts another one, which does that work. A job may be cancelled again, for example
 * if the provider rejected the cancel and batches are still open.
 * @returns undefined when the job does not exist
 */
export async function cancelJob(edges: StartEdges, jobId: string): Promise<CancelledJob | undefined> {
  const { store, executions } = edges;
  const summary = await summaryObject.read(store, jobId);
  if ((await store.stat(jobKey(jobId))) === undefined) return summary && { jobId, state: 'ended' };
  const last = await lastExecution(executions, jobId);
  const running = last?.running === true;
  // The job's execution may still be running, and announces the end.
  if (summary !== undefined && !mayHaveOpenBatches(summary)) return { jobId, state: 'ended' };
  if (!running) rejectOtherHost(edges, await jobObject.require(store, jobId));
  if (running && isCancelled(await readStop(store, jobId))) return { jobId, state: 'cancelling' };
  if (summary !== undefined && hasAllResults(summary)) {
    if (running) return { jobId, state: 'ended' };
    // The results stay as they are; the execution only requests the cancellation again.
    await startExecution(executions, jobId);
    return { jobId, state: 'cancelling' };
  }
  // Written before the execution is stopped: a create in flight then finds the mark, and cancels its own batch.
  await markCancelled(edges, jobId, 'The job was cancelled.');
  if (running) await executions.stop(last.name, 'The job was cancelled.');
  await store.delete(summaryKey(jobId));
  await startExecution(executions, jobId);
  return { jobId, state: 'cancelling' };
}

/**
 * True if a job may have open batches. In a failed or cancelled job, any batch may be open; in other jobs, only a second batch
 * for the same rows.
 */
export function mayHaveOpenBatches(summary: Summary): boolean {
  const { open = [], retries = [] } = summary;
  // The open batches of a retry are shown by the job that it retries, and cancelled by its own id.
  return !hasAllResults(summary) || (open.length > 0 && retries.length === 0);
}

function hasAllResults({ status }: Summary): boolean {
  return status !== 'failed' && status !== 'cancelled';
}

/** The fields used of EventBridge's "Step Functions Execution Status Change". */
const stoppedExecutionSchema = z.object({
  source: z.literal('aws.states'),
  detail: z.object({ name: z.string(), status: z.enum(['ABORTED', 'TIMED_OUT']) }),
});

/**
 * Cancels the job of an execution that was aborted by hand or timed out, so that it costs no more money. Does nothing if a later
 * execution has already done so.
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
  // The first cancel's reason stays.
  if (isCancelled(await readStop(store, jobId))) return;
  const failure: Failure = { name: 'JobCancelled', code: 'CANCELLED', message };
  await stopObject.write(store, jobId, { failure });
  log('job_cancelled', { jobId });
}
