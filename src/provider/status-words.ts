import type { BatchEnding } from './batch-provider.ts';
import type { Dialect } from './dialects/schema.ts';

/** Signs of a batch's end beside its status. */
export interface ShownEnd {
  /** True if it names a file of results, or the reason why it failed. */
  readonly hasEnd: boolean;
  /** True if its counters show that every row ended. */
  readonly isCounted: boolean;
}

/** `running` and `unknown` both count as running; an unknown one is reported to people. */
export type StatusMeaning = BatchEnding | 'running' | 'unknown';

/**
 * Reads a status. The dialect decides, also for a word with its type around it, such as `BatchStatus.COMPLETED` or
 * `JOB_STATE_SUCCEEDED`. A word of other providers ends a batch only if the batch also shows that it ended, and an unknown word
 * only if the batch names results and all its rows are counted.
 */
export function readStatusWord(status: string, { statuses }: Dialect, shown: ShownEnd): StatusMeaning {
  const plain = plainWord(status);
  const known = [status.toLowerCase(), plain].find((word) => Object.hasOwn(statuses, word));
  if (known !== undefined) return statuses[known] ?? 'unknown';
  if (RUNNING.has(plain)) return 'running';
  const ending = ENDINGS.get(plain);
  if (ending !== undefined) return shown.hasEnd ? ending : 'unknown';
  return shown.hasEnd && shown.isCounted ? 'succeeded' : 'unknown';
}

/** `in_progress` for `InProgress`, `JobStatus.IN_PROGRESS`, `BATCH_STATUS_IN_PROGRESS`, `in-progress`. */
function plainWord(status: string): string {
  const [word = ''] = status.split(/[.:/]+/).slice(-1);
  return word
    .trim()
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, '_')
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, '_')
    .replace(/^(?:(?:batch|job|task|status|state)_)+/, '');
}

const ENDINGS: ReadonlyMap<string, BatchEnding> = new Map(
  Object.entries({
    succeeded: ['succeeded', 'success', 'successful', 'completed', 'complete', 'done', 'finished', 'ended'],
    failed: ['failed', 'failure', 'error', 'errored', 'rejected'],
    expired: ['expired', 'timed_out', 'timeout'],
    cancelled: ['cancelled', 'canceled', 'aborted', 'stopped', 'terminated'],
  } satisfies Record<BatchEnding, readonly string[]>).flatMap(([ending, words]) =>
    words.map((word) => [word, ending as BatchEnding] as const),
  ),
);

const RUNNING: ReadonlySet<string> = new Set([
  'accepted',
  'canceling',
  'cancelling',
  'created',
  'finalizing',
  'in_progress',
  'in_queue',
  'initializing',
  'not_started',
  'pending',
  'preparing',
  'processing',
  'queued',
  'queueing',
  'running',
  'scheduled',
  'scheduling',
  'started',
  'submitted',
  'validated',
  'validating',
  'waiting',
]);
