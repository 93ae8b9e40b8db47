import { allowedOverrides } from '../config/allowed-overrides.ts';
import { InvalidInput, InvalidRequest } from '../errors.ts';
import type { InputRef } from '../checkpoints/job.ts';
import { JOB_FILE_SUFFIX } from '../checkpoints/keys.ts';
import { dropEventSchema, readDrop, type Drop } from '../requests/drop-event.ts';
import { parseJobFile, type JobRequest } from '../requests/job-request.ts';
import { MAX_REQUEST_BYTES, tooLarge } from '../requests/request-limits.ts';
import { rejectOtherFiles } from './job-file-reads.ts';
import { isUnfinished } from '../requests/unfinished-files.ts';
import { InputFilter } from '../requests/input-files.ts';
import { askedOverrides } from '../requests/question.ts';
import { pinOf, resolveInputs } from '../requests/resolve-inputs.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { summarizeUnstarted, type UnstartedJob } from './summarize-unstarted.ts';
import { startJob, type StartEdges, type StartedJob, type StartRequest } from './start-job.ts';

/**
 * Starts the job of a dropped file: the file is its input, or a job request (`*.job.json`) that names it. If the request is
 * invalid (for example, an unknown profile), a summary is written where its results would be and the event counts as handled,
 * because delivering it again would not help.
 */
export async function startDroppedJob(
  edges: StartEdges,
  event: unknown,
): Promise<StartedJob | UnstartedJob | PassedOver> {
  const drop = readDrop(dropEventSchema.parse(event));
  // Consoles create folder objects, and programs mark unfinished uploads by their names. Neither is an input.
  if (drop.key.endsWith('/') || isUnfinished(drop.key)) return { state: 'passed over' };
  try {
    return await startJob(edges, await requestOf(edges, drop));
  } catch (error) {
    // A job request that was overwritten in the meantime has its own event.
    if (error instanceof InvalidInput) return { state: 'passed over' };
    if (!(error instanceof InvalidRequest)) throw error;
    const { jobId, profile } = drop;
    return summarizeUnstarted(edges, { jobId, profile, inputs: [inputOf(drop)], rejection: error });
  }
}

/** The result for an object that is not an input file. */
export interface PassedOver {
  readonly state: 'passed over';
}

async function requestOf({ store, config }: StartEdges, drop: Drop): Promise<StartRequest> {
  const { jobId, key, profile } = drop;
  if (!key.endsWith(JOB_FILE_SUFFIX)) {
    return { jobId, profile, inputs: () => Promise.resolve([inputOf(drop)]) };
  }
  const request = await readJobFile(store, drop);
  rejectOtherFiles(config, drop, request);
  const named = request.profile ?? profile;
  const filter = new InputFilter();
  return {
    jobId,
    profile: named,
    overrides: allowedOverrides(config, named, askedOverrides(request)),
    limit: request.limit,
    inputs: () => resolveInputs(store, jobId, request, filter),
    skipped: () => filter.skipped,
  };
}

function inputOf({ key, ...dropped }: Drop): InputRef {
  return { key, ...pinOf(dropped) };
}

async function readJobFile(store: ObjectStore, drop: Drop): Promise<JobRequest> {
  const { key, ...pinned } = inputOf(drop);
  const object = await store.open(key, pinned);
  if (object === undefined) throw new InvalidRequest(`There is no job request ${store.locate(key)}.`);
  object.close();
  if (object.bytes > MAX_REQUEST_BYTES) throw tooLarge(store.locate(key), object.bytes);
  const bytes = await store.get(key, pinned);
  return parseJobFile(bytes ?? Buffer.alloc(0), store.locate(key));
}
