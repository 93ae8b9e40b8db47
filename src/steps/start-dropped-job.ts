import { dropEventSchema, jobRequestFromDrop } from '../drop-event.ts';
import { InvalidRequest, type Failure } from '../errors.ts';
import { summaryKey } from '../keys.ts';
import { writeJson } from '../store/json.ts';
import { startJob, type JobRequest, type StartEdges, type StartedJob } from './start-job.ts';

/**
 * Starts the job of a dropped file. When the file asks for something that cannot be (no such profile), the answer is
 * put where its results would be, and the event is done: delivering it again would not help.
 */
export async function startDroppedJob(edges: StartEdges, event: unknown): Promise<StartedJob | RefusedJob> {
  const request = jobRequestFromDrop(dropEventSchema.parse(event));
  try {
    return await startJob(edges, request);
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    await writeRefusal(edges, request, error);
    return { jobId: request.jobId, state: 'refused' };
  }
}

export interface RefusedJob {
  readonly jobId: string;
  readonly state: 'refused';
}

async function writeRefusal(
  { store, log }: StartEdges,
  request: JobRequest,
  error: InvalidRequest,
): Promise<void> {
  const failure: Failure = { name: error.name, code: error.name, message: error.message };
  const { jobId, inputs, profile } = request;
  await writeJson(store, summaryKey(jobId), { jobId, status: 'failed', profile, inputs, failure });
  log('step_failed', { jobId, error: error.name, message: error.message });
}
