/**
 * How a job is: its summary's status once it has ended, else what it does now; `waiting`: for a person who approves or rejects it. In
 * the order in which people see them.
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

/** Whether the job has not ended, or goes on by itself when it is started again. */
export function isOpenState(state: JobState): boolean {
  return OPEN.has(state);
}
