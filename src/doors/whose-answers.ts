import { SIMULATOR } from '../config/known-providers.ts';
import { InvalidRequest } from '../errors.ts';
import type { Job } from '../checkpoints/job.ts';
import type { StartEdges } from './start-job.ts';

/**
 * Why this host cannot continue a job: a simulating host calls no real provider, and the batches of a simulated job exist only in
 * the simulator of such a host.
 * @returns undefined when it can
 */
export function whyNotHere(
  { simulated }: Pick<StartEdges, 'simulated'>,
  { jobId, profile, simulated: wasSimulated }: Pick<Job, 'jobId' | 'profile' | 'simulated'>,
): string | undefined {
  if (simulated === true && profile.provider.name !== SIMULATOR)
    return `Job ${jobId} asks the provider "${profile.provider.name}", and answers are made up here. It goes on under \`nightshift local --live\`, or when its files are run without --simulate.`;
  if (simulated !== true && wasSimulated === true)
    return `The answers of job ${jobId} are made up by a simulator, which is not here. It goes on under \`nightshift local\` without --live, or when its files are run with --simulate.`;
  return undefined;
}

/** @throws InvalidRequest when only another kind of host can continue the job */
export function rejectElsewhere(edges: Pick<StartEdges, 'simulated'>, job: Job): void {
  const why = whyNotHere(edges, job);
  if (why !== undefined) throw new InvalidRequest(why);
}
