import type { JobEnd } from '../contract.ts';
import { failureFromCatch } from '../errors.ts';
import type { Summary } from '../checkpoints/summary.ts';
import { summaryKey } from '../checkpoints/keys.ts';
import type { CompletionEvent } from './completion-event.ts';
import { EVENT_SOURCE } from './event-source.ts';

export interface EndedJob {
  readonly execution: string;
  readonly end: JobEnd;
  /** Absent when *Write results* failed. */
  readonly summary: Summary | undefined;
  /** The profile in the job's record; absent if the job has no record. */
  readonly profile: string | undefined;
  readonly endedAt: Date;
}

/** Builds the completion event of a job. Pure. */
export function describeEnd({ execution, end, summary, profile, endedAt }: EndedJob): CompletionEvent {
  const about = { id: execution, jobId: end.jobId };
  if (summary === undefined) {
    const failure = end.failure && failureFromCatch(end.failure);
    return toEvent({
      ...about,
      ...(profile !== undefined && { profile }),
      status: 'failed',
      keys: {},
      ...(failure && { failure }),
      endedAt: endedAt.toISOString(),
    });
  }
  const { status, rows, counts, results, deadLetters, failure } = summary;
  return toEvent({
    ...about,
    profile: summary.profile,
    status,
    rows,
    counts,
    keys: {
      summary: summaryKey(end.jobId),
      ...(results !== undefined && { results }),
      ...(deadLetters !== undefined && { deadLetters }),
    },
    ...(failure && { failure }),
    endedAt: summary.endedAt,
  });
}

function toEvent(detail: CompletionEvent['detail']): CompletionEvent {
  return { source: EVENT_SOURCE, 'detail-type': DETAIL_TYPES[detail.status], detail };
}

/** A cancelled job has rows without an answer, so it is announced as failed. */
const DETAIL_TYPES: Readonly<Record<Summary['status'], CompletionEvent['detail-type']>> = {
  succeeded: 'Job Succeeded',
  empty: 'Job Succeeded',
  partial: 'Job Partially Succeeded',
  failed: 'Job Failed',
  cancelled: 'Job Failed',
};
