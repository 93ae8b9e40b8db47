/** The outcome of one row. */
export type Outcome = 'ok' | 'failed' | 'exhausted' | 'invalid_output' | 'invalid';

/** Rows by outcome; the counts add up to all rows in question. */
export type OutcomeCounts = Readonly<Record<Outcome, number>>;

/** Tokens and money of all answers of the provider, including those of retried rows. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Sum of `billing_cost.energy` and `.credits`, decimal strings at the provider. */
  readonly energy: number;
  readonly credits: number;
}

/** Usage that was saved because the answers were not requested again. */
export interface Saved extends Usage {
  /** At the profile's price; absent without a price. */
  readonly money?: { readonly amount: number; readonly currency: string };
}

/** Rows that are answered from earlier jobs. */
export interface ReusedRows {
  readonly rows: number;
  /** The jobs that paid for the answers, each with the number of rows it answers, largest first. */
  readonly from: readonly { readonly jobId: string; readonly rows: number }[];
  /** The usage of these answers in those jobs. */
  readonly usage: Usage;
}

/** Usage of one model. The entry without a name has answers that named no model, and models beyond the first 20. */
export interface ModelUsage extends Usage {
  readonly model?: string;
  readonly answers: number;
  /** Number of answers that ended at the token limit, and of answers that the model refused. */
  readonly truncated: number;
  readonly refused: number;
}

/** Counts of one step of a ladder. */
export interface StepCounts {
  /** Counted from 1. */
  readonly step: number;
  /** Rows that the step sent, and rows that have its answer. */
  readonly rows: number;
  readonly ok: number;
  readonly usage: Usage;
  readonly models: readonly ModelUsage[];
}

/**
 * Rows that are not ok for one reason, with the first row as an example. The entry without a code counts all codes after the
 * first 20.
 */
export interface ErrorCount {
  readonly outcome?: Exclude<Outcome, 'ok'>;
  readonly code?: string;
  readonly rows: number;
  /** Absent if all rows of a shard have the same error because the shard stopped. */
  readonly custom_id?: string;
  readonly message?: string;
}
