import type { DecidedJob } from '../../src/job-control/approve-or-reject.ts';
import { printable } from '../../src/text/printable.ts';

/**
 * Describes the approval or rejection of a job, and its effect.
 * @param options options that select the job's target
 */
export function describeJudged(
  { jobId, state }: Pick<DecidedJob, 'jobId' | 'state'>,
  options: string,
): string {
  const what = state === 'approved' ? 'its other rows are sent' : 'its other rows are not sent';
  return `Job ${printable(jobId)} is ${state}: ${what}. See how it ends: nightshift watch ${printable(jobId)}${options}`;
}
