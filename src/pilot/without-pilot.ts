import type { Job } from '../checkpoints/job.ts';
import type { WithoutPilot } from '../checkpoints/pilot.ts';
import { rowsToSend, type Plan } from '../checkpoints/plan.ts';

/** Whether rows of a job are sent before all others. */
export function wantsPilot(job: Job, plan: Plan): boolean {
  return isPiloted(job, plan) && withoutPilot(job, plan) === undefined && rowsToSend(plan) > 0;
}

/** Set for a job whose profile has a pilot, if it has too few rows for one: such a job is its own pilot. */
export function withoutPilot(job: Job, plan: Plan): WithoutPilot | undefined {
  const { pilot } = job.profile;
  const rows = rowsToSend(plan);
  if (!isPiloted(job, plan) || pilot === undefined || rows === 0 || rows > pilot.rows) return undefined;
  return { rows, pilotRows: pilot.rows };
}

/** The rows of a retry were asked before. */
function isPiloted({ profile: { pilot }, retry }: Job, { failure }: Plan): boolean {
  return pilot !== undefined && retry === undefined && failure === undefined;
}
