import { didYouMean } from '../../src/text/did-you-mean.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { printable } from '../../src/text/printable.ts';
import { readOverview } from '../../src/status/job-status.ts';
import { listJobs } from '../../src/status/list-jobs.ts';
import type { Target } from './open-target.ts';

/** Number of recent jobs to search for a similar id. */
const LOOKED_THROUGH = 100;

/** Most jobs that an error names. */
const NAMED = 3;

/** The error for an unknown job. It names similar jobIds. */
export async function noSuchJob(target: Target, asked: string): Promise<InvalidRequest> {
  return unknownJob(target, asked, await newestJobs(target));
}

/**
 * The job with this id, or the only one whose id starts with it; for commands that only read a job.
 * @throws InvalidRequest if there is no such job, or several ids start with it
 */
export async function findJob(target: Target, asked: string): Promise<string> {
  if ((await readOverview(target, asked)) !== undefined) return asked;
  const jobs = await newestJobs(target);
  const [meant, ...others] = jobs.filter((jobId) => jobId.startsWith(asked));
  if (meant === undefined || others.length > 0) throw unknownJob(target, asked, jobs);
  return meant;
}

async function newestJobs(target: Target): Promise<readonly string[]> {
  const { jobs } = await listJobs(target, { limit: LOOKED_THROUGH });
  return jobs.map(({ jobId }) => jobId);
}

function unknownJob(target: Target, asked: string, jobs: readonly string[]): InvalidRequest {
  const alike = jobs.filter((jobId) => jobId.startsWith(asked) || asked.startsWith(jobId));
  return new InvalidRequest(
    `There is no job ${printable(asked)} in ${target.name}.${hintOf(asked, alike, jobs) ?? ` See the list of jobs: nightshift list${target.options}`}`,
  );
}

function hintOf(asked: string, alike: readonly string[], jobs: readonly string[]): string | undefined {
  if (alike.length > 1) {
    const named = alike.slice(0, NAMED).map(printable).join(', ');
    return ` ${alike.length} jobs begin like this, newest first: ${named}${alike.length > NAMED ? ', …' : ''}.`;
  }
  const [meant] = alike;
  return meant === undefined ? didYouMean(asked, jobs) || undefined : ` Did you mean ${printable(meant)}?`;
}
