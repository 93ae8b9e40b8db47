import type { BatchAction } from './faults.ts';

/** Duration of a batch's stages, in seconds of the simulator's clock. */
export interface Stages {
  readonly queuedSeconds: number;
  readonly runningSeconds: number;
  readonly finalizingSeconds: number;
}

/** A batch in the simulator's state. Times are milliseconds since 1970. */
export interface SimulatedBatch {
  readonly id: string;
  /** Number of the batch in order of creation, from 1. */
  readonly nth: number;
  readonly inputFileId: string;
  readonly endpoint: string;
  readonly completionWindow: string;
  /** The batch's model, otherwise that of its first request. */
  readonly model?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string | undefined;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly requests: number;
  /** Input tokens. */
  readonly tokens?: number;
  /** Errors of a failed validation; the batch fails with them when it leaves the queue. */
  readonly errors: readonly ValidationError[];
  readonly actions: readonly BatchAction[];
  cancelledAt?: number;
  /** Set when its end was first read. */
  end?: BatchEnd;
}

export interface ValidationError {
  readonly code: string;
  readonly message: string;
  readonly line: number | null;
  readonly param: string | null;
}

/** Tokens of all answers in a batch. */
export interface BatchUsage {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

export interface BatchEnd {
  readonly ending: Ending;
  readonly at: number;
  readonly succeeded: number;
  readonly errored: number;
  readonly usage?: BatchUsage;
  readonly outputFileId: string | undefined;
  readonly errorFileId: string | undefined;
}

export type Ending = 'succeeded' | 'failed' | 'expired' | 'cancelled';
export type Running = 'queued' | 'in_progress' | 'finalizing' | 'cancelling';

/** The state of a batch: a pure function of time, so that no timers are needed and a restart changes nothing. */
export type BatchState =
  | { readonly status: Running; readonly shown: string; readonly done: number }
  | { readonly ending: Ending; readonly at: number; readonly finished: number };

export function batchState(batch: SimulatedBatch, now: number, stages: Stages): BatchState {
  const action = <Kind extends BatchAction['kind']>(
    kind: Kind,
  ): Extract<BatchAction, { kind: Kind }> | undefined =>
    batch.actions.find((each): each is Extract<BatchAction, { kind: Kind }> => each.kind === kind);
  const queued = batch.createdAt + stages.queuedSeconds * 1_000;
  const ran = queued + stages.runningSeconds * 1_000;
  const final = ran + stages.finalizingSeconds * 1_000;
  const stuck = action('stuck');
  const progress = progressAt(batch, Math.min(now, batch.cancelledAt ?? now), {
    from: queued,
    to: ran,
    share: stuck?.finished,
  });
  const running = (status: Running): BatchState => ({
    status,
    shown: action('status')?.status ?? status,
    done: progress,
  });

  if (batch.cancelledAt !== undefined) {
    const cancelled = batch.cancelledAt + stages.finalizingSeconds * 1_000;
    return now < cancelled
      ? running('cancelling')
      : { ending: 'cancelled', at: cancelled, finished: progress };
  }
  if (stuck !== undefined) return { status: 'in_progress', shown: stuck.status, done: progress };
  if (now < queued) return running('queued');
  if (batch.errors.length > 0) return { ending: 'failed', at: queued, finished: 0 };
  const end = action('end');
  const ends = end === undefined ? final : ran;
  if (batch.expiresAt <= ends && now >= batch.expiresAt) {
    return {
      ending: 'expired',
      at: batch.expiresAt,
      finished: progressAt(batch, batch.expiresAt, { from: queued, to: ran }),
    };
  }
  if (now < ran) return running('in_progress');
  if (end !== undefined)
    return { ending: end.as, at: ran, finished: Math.floor(batch.requests * end.finished) };
  return now < final ? running('finalizing') : { ending: 'succeeded', at: final, finished: batch.requests };
}

/** Times in milliseconds since 1970. */
export interface Milestones {
  readonly inProgressAt?: number;
  readonly finalizingAt?: number;
}

/** The times when a batch began to run and to write its files, if it did. */
export function milestones(
  batch: SimulatedBatch,
  now: number,
  { queuedSeconds, runningSeconds }: Stages,
): Milestones {
  if (batch.errors.length > 0) return {};
  const inProgressAt = batch.createdAt + queuedSeconds * 1_000;
  const finalizingAt = inProgressAt + runningSeconds * 1_000;
  const until = Math.min(now, batch.cancelledAt ?? now, batch.end?.at ?? now);
  const isCutShort = batch.actions.some(({ kind }) => kind === 'stuck' || kind === 'end');
  return {
    ...(inProgressAt <= until && { inProgressAt }),
    ...(finalizingAt <= until && !isCutShort && { finalizingAt }),
  };
}

/** Finished rows, growing evenly while the batch is running. */
function progressAt(
  { requests }: SimulatedBatch,
  now: number,
  {
    from,
    to,
    share = 1,
  }: { readonly from: number; readonly to: number; readonly share?: number | undefined },
): number {
  const elapsed = to > from ? (now - from) / (to - from) : now >= to ? 1 : 0;
  return Math.floor(requests * Math.min(share, Math.max(0, elapsed)));
}
