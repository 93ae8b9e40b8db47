import { printable } from '../../src/text/printable.ts';
import type { JobStatus } from '../../src/status/job-status.ts';

/**
 * The two commands that decide about a job that waits for an approval, with their effects.
 * @param options the options that select the job
 */
export function approvalCommands(jobId: string, options: string): [approve: string, reject: string] {
  const command = (name: string): string => `nightshift ${name} ${printable(jobId)}${options}`;
  return [`Send its other rows: ${command('approve')}`, `Or end it: ${command('reject')}`];
}

/** Returns {@link approvalCommands} if the job has begun to wait since the last read. */
export function newApprovalCommands(
  before: JobStatus | undefined,
  { jobId, status }: JobStatus,
  options: string,
): string[] {
  return status === 'waiting' && before?.status !== status ? approvalCommands(jobId, options) : [];
}
