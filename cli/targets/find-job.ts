import { InvalidRequest } from '../../src/errors.ts';
import { listJobs } from '../../src/status/list-jobs.ts';
import type { Target } from './open-target.ts';

/** Newest jobs that are looked through for what was meant. */
const LOOKED_THROUGH = 100;

/** There is no job of this name; the error says what may have been meant. */
export async function noSuchJob(target: Target, asked: string): Promise<InvalidRequest> {
  const { jobs } = await listJobs(target, { limit: LOOKED_THROUGH });
  const meant = jobs.find(({ jobId }) => jobId.startsWith(asked) || asked.startsWith(jobId));
  const hint =
    meant === undefined
      ? `See what there is: nightshift list${target.options}`
      : `Did you mean ${meant.jobId}?`;
  return new InvalidRequest(`There is no job ${asked} in ${target.name}. ${hint}`);
}
