import { SIMULATOR } from '../config/known-providers.ts';
import { InvalidRequest } from '../errors.ts';
import type { Job } from '../checkpoints/job.ts';
import type { StartEdges } from './start-job.ts';

/**
 * Why this host does not go on with a job: a host whose answers are made up calls no real provider, and the batches of a
 * simulated job are at a simulator that only such a host brings.
 * @returns undefined when it goes on with it
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

/** @throws InvalidRequest when the job goes on elsewhere */
export function rejectElsewhere(edges: Pick<StartEdges, 'simulated'>, job: Job): void {
  const why = whyNotHere(edges, job);
  if (why !== undefined) throw new InvalidRequest(why);
}
