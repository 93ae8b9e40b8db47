import { printable } from '../../src/text/printable.ts';

/** The reason why a job is not resumed, and the command that sends the rows that are not ok again. */
export function nothingToResume(jobId: string, options: string): string {
  const job = printable(jobId);
  return `Job ${job} has finished: there is nothing to resume. If rows are not ok, send them again: nightshift retry ${job}${options}`;
}
