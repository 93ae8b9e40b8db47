/**
 * Every status of a job, in display order: its summary's status once it has ended, otherwise its current activity. `waiting`: for
 * a person who approves or rejects it.
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
