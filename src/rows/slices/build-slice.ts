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
 * Does what is next of a slice: notes its rows, or builds the shards that begin in it, for as long as there is time. Returns undefined
 * when that is done.
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
    await noteSlice(store, { job, division, slice, requests, time });
    return undefined;
  }
  const run = cut.runs.find((each) => each.slice === slice);
  return run && buildRun(store, { job, division, cut, run, requests, time });
}
