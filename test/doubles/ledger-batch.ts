/** A line of an uploaded file. */
export interface RequestLine {
  readonly custom_id: string;
  readonly body: {
    readonly model?: string;
    readonly messages?: readonly { readonly content: string }[];
  };
}

export interface LedgerFile {
  readonly id: string;
  readonly name: string;
  readonly content: Buffer;
  readonly purpose: string;
  readonly createdAt: number;
}

/** A batch in the ledger. Times are milliseconds of the tests' clock. */
export interface LedgerBatch {
  readonly id: string;
  readonly inputFileId: string;
  readonly endpoint: string;
  readonly window: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lines: readonly RequestLine[];
  readonly createdAt: number;
  readonly runSeconds: number;
  cancelledAt?: number;
  outputFileId?: string;
  /** The final state of a batch that does not complete. It reaches the state at the time at which it would have completed. */
  ended?: { readonly as: 'expired' | 'cancelled' | 'failed'; readonly finished: number };
  /** Error of a batch that failed as a whole. */
  readonly error?: Readonly<Record<string, unknown>> | undefined;
  /** Rows that get an error with this status instead of an answer. They cost nothing. */
  readonly denied?: Readonly<Record<string, number>> | undefined;
}

export interface LedgerStatus {
  readonly status: 'in_progress' | 'completed' | 'expired' | 'cancelled' | 'failed';
  /** Number of answered rows. */
  readonly finished: number;
  /** Absent while the batch runs. */
  readonly endedAt?: number;
}

/** Status of a batch at a time. Rows are answered at a constant rate. */
export function statusAt(
  { lines, createdAt, runSeconds, cancelledAt, ended }: LedgerBatch,
  now: number,
): LedgerStatus {
  const finishedAt = (time: number): number =>
    Math.floor(lines.length * Math.min(1, Math.max(0, time - createdAt) / (runSeconds * 1_000)));
  const completedAt = createdAt + runSeconds * 1_000;
  // A batch that never ends does not expire either.
  const expiredAt = Number.isFinite(runSeconds) ? createdAt + 86_400_000 : Infinity;
  if (cancelledAt !== undefined && cancelledAt < Math.min(completedAt, expiredAt))
    return { status: 'cancelled', finished: finishedAt(cancelledAt), endedAt: cancelledAt };
  if (now >= completedAt && ended !== undefined)
    return { status: ended.as, finished: ended.finished, endedAt: completedAt };
  if (now >= completedAt) return { status: 'completed', finished: lines.length, endedAt: completedAt };
  if (now >= expiredAt) return { status: 'expired', finished: finishedAt(expiredAt), endedAt: expiredAt };
  return { status: 'in_progress', finished: finishedAt(now) };
}

export function isOpen(batch: LedgerBatch, now: number): boolean {
  return statusAt(batch, now).endedAt === undefined;
}

/** The custom_ids of all rows that are billed: those that were answered, and all rows of a batch that runs. */
export function billedRows(batch: LedgerBatch, now: number): string[] {
  const { finished, endedAt } = statusAt(batch, now);
  const billed = endedAt === undefined ? batch.lines.length : finished;
  const ids = batch.lines.slice(0, billed).map(({ custom_id }) => custom_id);
  return ids.filter((id) => batch.denied?.[id] === undefined);
}
