import type { NightshiftConfig } from './config.ts';

/** A 7-day completion window, its grace, and the rounds after it. */
const JOB_DAYS = 14;

/** Most days that one job may take. */
export function jobDaysOf({ limits }: Pick<NightshiftConfig, 'limits'>): number {
  return limits?.jobDays ?? JOB_DAYS;
}

/** Days that the bucket keeps checkpoints: enough for a job that took its longest time and is resumed on its last day. */
export function checkpointDays(jobDays: number): number {
  return 2 * jobDays + 2;
}
