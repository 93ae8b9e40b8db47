import type { InputRef, SkippedFiles } from '../checkpoints/job.ts';
import { NO_ROWS } from '../checkpoints/outcomes.ts';
import type { Summary } from '../checkpoints/summary.ts';
import { sumUnexplained } from '../checkpoints/unexplained.ts';
import { shownInputs } from '../requests/shown-inputs.ts';
import { NO_USAGE } from '../spending/usage.ts';
import { advise } from './advise.ts';

/** A job that was not started. */
export interface Unstarted {
  readonly jobId: string;
  readonly profile: string;
  readonly inputs: readonly InputRef[];
  readonly skipped?: SkippedFiles | undefined;
  /** Why it was rejected; absent if there was nothing to do. */
  readonly rejection?: Error | undefined;
}

/** Summary of a job that was not started: its request is invalid, or there was nothing to do. */
export function summarizeNothing(
  { jobId, profile, inputs, rejection, skipped }: Unstarted,
  at: string,
): Summary {
  const failure = rejection && { name: rejection.name, code: rejection.name, message: rejection.message };
  return {
    jobId,
    status: failure === undefined ? 'empty' : 'failed',
    profile,
    provider: undefined,
    model: undefined,
    endpoint: undefined,
    inputs: shownInputs(inputs),
    ...(skipped !== undefined && { skipped }),
    rows: 0,
    counts: NO_ROWS,
    shards: 0,
    rounds: 0,
    usage: NO_USAGE,
    models: [],
    truncated: 0,
    refused: 0,
    errors: [],
    unexplained: sumUnexplained([]),
    batches: [],
    open: [],
    left: [],
    problems: [],
    results: undefined,
    deadLetters: undefined,
    ...(failure === undefined ? {} : { failure, advice: advise(failure) }),
    startedAt: at,
    endedAt: at,
    seconds: 0,
  };
}
