import { summaryObject } from '../checkpoints/summary.ts';
import { summarizeNothing, type Unstarted } from '../collect/summarize-nothing.ts';
import { indexKey } from '../checkpoints/keys.ts';
import type { StartEdges } from './start-job.ts';

export interface UnstartedJob {
  readonly jobId: string;
  /** `refused`: the request is invalid. `empty`: there is nothing to do. */
  readonly state: 'refused' | 'empty';
}

/**
 * Writes the summary of a job that is not started, where its results would be, because no caller waits for an answer. Delivering
 * its event again would not help.
 */
export async function summarizeUnstarted(edges: StartEdges, unstarted: Unstarted): Promise<UnstartedJob> {
  const { store, clock, log } = edges;
  const { jobId, rejection } = unstarted;
  const at = new Date(clock.now()).toISOString();
  const summary = summarizeNothing(unstarted, at);
  await store.put(indexKey(at, jobId), '');
  await summaryObject.write(store, jobId, summary);
  if (rejection === undefined) log('job_empty', { jobId });
  else log('job_refused', { jobId, error: rejection.name, reason: rejection.message });
  return { jobId, state: rejection === undefined ? 'empty' : 'refused' };
}
