/**
 * Every status of a job, in display order: the status of its summary once it has ended, otherwise its current state. `waiting`:
 * for an approval.
 */
export const JOB_STATES = [
  'queued',
  'running',
  'waiting',
  'cancelling',
  'stopped',
  'succeeded',
  'partial',
  'failed',
  'cancelled',
  'empty',
] as const;

export type JobState = (typeof JOB_STATES)[number];

const OPEN: ReadonlySet<JobState> = new Set<JobState>([
  'queued',
  'running',
  'waiting',
  'cancelling',
  'stopped',
]);

/** True if the job has not ended, or continues when it is started again. */
export function isOpenState(state: JobState): boolean {
  return OPEN.has(state);
}
