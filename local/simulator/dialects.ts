import type { BatchEnd, Ending, Running, SimulatedBatch, BatchState } from './batches.ts';
import type { SimulatedFile } from './state.ts';

export type SimulatedDialect = 'melious' | 'openai';

/** How a dialect writes things down. */
interface Wording {
  readonly running: Readonly<Record<Running, string>>;
  readonly ending: Readonly<Record<Ending, string>>;
  readonly counts: (done: number, errored: number, total: number) => Record<string, number>;
  readonly maxFileBytes: number;
}

export const WORDING: Readonly<Record<SimulatedDialect, Wording>> = {
  melious: {
    running: {
      queued: 'queued',
      in_progress: 'in_progress',
      finalizing: 'finalizing',
      cancelling: 'cancelling',
    },
    ending: { succeeded: 'succeeded', failed: 'failed', expired: 'expired', cancelled: 'cancelled' },
    counts: (done, errored, total) => ({ processing: total - done, succeeded: done - errored, errored }),
    maxFileBytes: 105_000_000,
  },
  openai: {
    running: {
      queued: 'validating',
      in_progress: 'in_progress',
      finalizing: 'finalizing',
      cancelling: 'cancelling',
    },
    ending: { succeeded: 'completed', failed: 'failed', expired: 'expired', cancelled: 'cancelled' },
    counts: (done, errored, total) => ({ total, completed: done - errored, failed: errored }),
    maxFileBytes: 200_000_000,
  },
};

export function batchObject(
  batch: SimulatedBatch,
  state: BatchState,
  dialect: SimulatedDialect,
): Record<string, unknown> {
  const wording = WORDING[dialect];
  const counts = batch.actions.find((action) => action.kind === 'counts');
  const end = batch.end;
  const status = 'ending' in state ? wording.ending[state.ending] : shownStatus(state, wording);
  return {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    errors:
      end?.ending === 'failed' && batch.errors.length > 0 ? { object: 'list', data: batch.errors } : null,
    input_file_id: batch.inputFileId,
    completion_window: batch.completionWindow,
    status,
    output_file_id: end?.outputFileId ?? null,
    error_file_id: end?.errorFileId ?? null,
    created_at: seconds(batch.createdAt),
    expires_at: seconds(batch.expiresAt),
    completed_at: endedAt(end, 'succeeded'),
    failed_at: endedAt(end, 'failed'),
    expired_at: endedAt(end, 'expired'),
    ...(dialect === 'openai' && {
      cancelling_at: batch.cancelledAt === undefined ? null : seconds(batch.cancelledAt),
      cancelled_at: endedAt(end, 'cancelled'),
    }),
    request_counts: counts === undefined ? shownCounts(batch, state, wording) : counts.counts,
    metadata: batch.metadata,
  };
}

function shownStatus(state: Extract<BatchState, { status: Running }>, { running }: Wording): string {
  return state.shown === state.status ? running[state.status] : state.shown;
}

/** A batch that failed validation ran nothing: OpenAI shows 0/0/0. */
function shownCounts(batch: SimulatedBatch, state: BatchState, { counts }: Wording): Record<string, number> {
  if (batch.end !== undefined) {
    const { succeeded, errored } = batch.end;
    return counts(succeeded + errored, errored, batch.errors.length > 0 ? 0 : batch.requests);
  }
  return counts('done' in state ? state.done : 0, 0, batch.requests);
}

function endedAt(end: BatchEnd | undefined, ending: Ending): number | null {
  return end?.ending === ending ? seconds(end.at) : null;
}

export function fileObject(file: SimulatedFile): Record<string, unknown> {
  const { id, bytes, createdAt, name, purpose } = file;
  return {
    id,
    object: 'file',
    bytes,
    created_at: seconds(createdAt),
    filename: name,
    purpose,
    status: 'processed',
  };
}

/** Both envelopes: Melious names a code, OpenAI a type and a code. */
export function errorBody(dialect: SimulatedDialect, code: string, message: string): Record<string, unknown> {
  return dialect === 'melious'
    ? { error: { code, message } }
    : { error: { message, type: 'invalid_request_error', param: null, code } };
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
