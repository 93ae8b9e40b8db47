import { SIMULATOR } from '../config/known-providers.ts';
import { InvalidRequest } from '../errors.ts';
import type { Job } from '../checkpoints/job.ts';

/** The host of jobs. Either its simulator answers every job, or it calls providers. */
interface Host {
  readonly simulated?: true | undefined;
}

/**
 * The reason why this host cannot continue a job: a simulating host calls no real provider, and the batches of a simulated job
 * exist only in the simulator of such a host.
 * @returns undefined when it can
 */
export function whyNotThisHost(
  { simulated }: Host,
  { jobId, profile, simulated: wasSimulated }: Pick<Job, 'jobId' | 'profile' | 'simulated'>,
): string | undefined {
  if (simulated === true && profile.provider.name !== SIMULATOR)
    return `Job ${jobId} asks the provider "${profile.provider.name}", but this host makes answers up. Continue it with \`nightshift local --live\`, or run its files without --simulate.`;
  if (simulated !== true && wasSimulated === true)
    return `The answers of job ${jobId} are made up by a simulator, which this host does not have. Continue it with \`nightshift local\` without --live, or run its files with --simulate.`;
  return undefined;
}

/**
 * Rejects a job that this host cannot continue.
 * @throws InvalidRequest when only another kind of host can continue the job
 */
export function rejectOtherHost(host: Host, job: Job): void {
  const why = whyNotThisHost(host, job);
  if (why !== undefined) throw new InvalidRequest(why);
}
