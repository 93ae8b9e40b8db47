import type { Job } from '../checkpoints/job.ts';
import type { WithoutPilot } from '../checkpoints/pilot.ts';
import { rowsToSend, type Plan } from '../checkpoints/plan.ts';

/** True if rows of a job are sent before all others. In a job with fewer rows, all rows would be in the pilot. */
export function wantsPilot(job: Job, plan: Plan): boolean {
  return isPiloted(job, plan) && withoutPilot(job, plan) === undefined && rowsToSend(plan) > 0;
}

/**
 * Reports a job with too few rows for the pilot of its profile.
 * @returns undefined for every other job
 */
export function withoutPilot(job: Job, plan: Plan): WithoutPilot | undefined {
  const { pilot } = job.profile;
  const rows = rowsToSend(plan);
  if (!isPiloted(job, plan) || pilot === undefined || rows === 0 || rows > pilot.rows) return undefined;
  return { rows, pilotRows: pilot.rows };
}

/** True if a job may have a pilot. A retry has none, because its rows were sent before. */
function isPiloted({ profile: { pilot }, retry }: Job, { failure }: Plan): boolean {
  return pilot !== undefined && retry === undefined && failure === undefined;
}
