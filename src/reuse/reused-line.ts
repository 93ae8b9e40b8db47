import type { OkLine, ResultLine } from '../checkpoints/result-line.ts';
import type { Usage } from '../checkpoints/counts.ts';
import { withCustomId } from '../jsonl/custom-id.ts';
import { usageOfLine } from '../spending/usage.ts';
import type { EarlierJob } from './reusable-jobs.ts';

/** An answer of an earlier job, for a row of this one. */
export interface ReusedAnswer {
  readonly job: EarlierJob;
  /** Usage of the answer in its own job. */
  readonly usage: Usage;
  /** The result line of a row of this job, newline included. */
  readonly lineFor: (customId: string) => Buffer;
}

const ROUND = Buffer.from(',"round":');

/**
 * Turns a result line of an earlier job into lines for rows with the same request. The answer stays byte for byte the same.
 * @returns undefined if the line is not an answer
 */
export function reusedAnswer(line: Buffer, job: EarlierJob): ReusedAnswer | undefined {
  const answer = JSON.parse(line.toString('utf8')) as ResultLine;
  // The fields after the answer concern its own job. Within a string, the quotes would be escaped.
  const end = line.lastIndexOf(ROUND);
  if (!answer.ok || end === -1) return undefined;
  const fields = { ...stepOf(answer), reused: { jobId: job.jobId, at: job.at } };
  const rest = Buffer.from(`,${JSON.stringify(fields).slice(1)}\n`);
  return {
    job,
    usage: usageOfLine(answer),
    lineFor: (customId) => Buffer.concat([withCustomId(line.subarray(0, end), customId), rest]),
  };
}

/** The step of a ladder that gave the answer. */
function stepOf({ provider, step }: OkLine): Pick<OkLine, 'provider' | 'step'> {
  return { ...(provider !== undefined && { provider }), ...(step !== undefined && { step }) };
}
