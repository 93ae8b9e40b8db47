import type { Job } from '../../checkpoints/job.ts';
import type { StepTime } from '../../pace.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Unfinished } from '../build-state.ts';
import { RuleRequests, type RequestMaker } from '../request-maker.ts';
import type { RequestRules } from '../request-line.ts';
import { rulesOf } from '../request-rules.ts';
import { buildRun } from './build-run.ts';
import { divisionObject } from './division.ts';
import { noteSlice } from './note-slice.ts';

interface SliceParts {
  readonly createRequests?: ((rules: RequestRules) => RequestMaker) | undefined;
  readonly time?: StepTime | undefined;
}

/**
 * Processes a slice in the current phase: notes its rows, or builds the shards that begin in it. Returns undefined when this is
 * done; if time runs short, another call continues.
 */
export async function buildSlice(
  store: ObjectStore,
  job: Job,
  slice: number,
  { createRequests = (rules) => new RuleRequests(rules), time }: SliceParts,
): Promise<Unfinished | undefined> {
  const division = await divisionObject.require(store, job.jobId);
  const requests = createRequests(rulesOf(job.profile));
  const { cut } = division;
  if (cut === undefined) {
    await noteSlice(store, { job, division, slice, requests });
    return undefined;
  }
  const run = cut.runs.find((each) => each.slice === slice);
  return run && buildRun(store, { job, division, cut, run, requests, time });
}
