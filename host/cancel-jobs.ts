import { lastExecution } from '../src/executions/executions.ts';
import { INDEX_PREFIX, jobKey, jobOfIndexKey, summaryKey } from '../src/checkpoints/keys.ts';
import { cancelJob } from '../src/job-control/cancel-job.ts';
import type { StartEdges } from '../src/job-control/start-job.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import type { LocalExecutions } from './engine.ts';

/** Jobs that were started and have not ended: those without a summary. */
export async function* openJobs(store: ObjectStore): AsyncGenerator<string> {
  for await (const { key } of store.list(INDEX_PREFIX)) {
    const jobId = jobOfIndexKey(key);
    if ((await store.stat(summaryKey(jobId))) !== undefined) continue;
    if ((await store.stat(jobKey(jobId))) !== undefined) yield jobId;
  }
}

/** Cancels a job and waits until its finished rows are collected. */
export async function cancelToTheEnd(
  edges: StartEdges & { readonly executions: LocalExecutions },
  jobId: string,
): Promise<void> {
  await cancelJob(edges, jobId);
  const last = await lastExecution(edges.executions, jobId);
  // The execution of a cancelled job succeeds. If it fails, the summary says so.
  if (last !== undefined) await edges.executions.result(last.name).catch(() => undefined);
}
