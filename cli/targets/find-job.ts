import { InvalidRequest } from '../../src/errors.ts';
import { listJobs } from '../../src/status/list-jobs.ts';
import type { Target } from './open-target.ts';

/** Most recent jobs to search for a similar name. */
const LOOKED_THROUGH = 100;

/** The error for an unknown job, with the job that may have been meant. */
export async function noSuchJob(target: Target, asked: string): Promise<InvalidRequest> {
  const { jobs } = await listJobs(target, { limit: LOOKED_THROUGH });
  const meant = jobs.find(({ jobId }) => jobId.startsWith(asked) || asked.startsWith(jobId));
  const hint =
    meant === undefined
      ? `See the list of jobs: nightshift list${target.options}`
      : `Did you mean ${meant.jobId}?`;
  return new InvalidRequest(`There is no job ${asked} in ${target.name}. ${hint}`);
}
