import { summaryObject } from '../checkpoints/summary.ts';
import { summarizeNothing, type Unstarted } from '../collect/summarize-nothing.ts';
import { indexKey } from '../checkpoints/keys.ts';
import type { StartEdges } from './start-job.ts';

export interface UnstartedJob {
  readonly jobId: string;
  /** `refused`: it asks for what cannot be. `empty`: there is nothing to do. */
  readonly state: 'refused' | 'empty';
}

/**
 * Tells of a job that nobody waits for and that is not started: its summary goes where its results would be. Delivering
 * its event again would not help.
 */
export async function leaveUnstarted(edges: StartEdges, unstarted: Unstarted): Promise<UnstartedJob> {
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
