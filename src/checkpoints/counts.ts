/** What became of one row. */
export type Outcome = 'ok' | 'failed' | 'exhausted' | 'invalid_output' | 'invalid';

/** Counts by outcome; they sum to the rows they are about. */
export type OutcomeCounts = Readonly<Record<Outcome, number>>;

/** Tokens and money summed over everything the provider answered, retried rows included. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Sum of `billing_cost.energy` and `.credits`, decimal strings at the provider. */
  readonly energy: number;
  readonly credits: number;
}

/** What answers would have cost that were not asked for. */
export interface Saved extends Usage {
  /** At the profile's price; absent where it has none. */
  readonly money?: { readonly amount: number; readonly currency: string };
}

/** Rows that are answered from earlier jobs. */
export interface ReusedRows {
  readonly rows: number;
  /** The jobs that asked for the answers, with the rows that each answers; those of most rows first. */
  readonly from: readonly { readonly jobId: string; readonly rows: number }[];
  /** What the answers cost those jobs. */
  readonly usage: Usage;
}

/** What one model answered; without a name: answers that named none, and models beyond the first 20. */
export interface ModelUsage extends Usage {
  readonly model?: string;
  readonly answers: number;
  /** Answers that ended because their tokens were used up, and those that the model refused. */
  readonly truncated: number;
  readonly refused: number;
}

/** What one step of a ladder asked and answered. */
export interface StepCounts {
  /** Counted from 1. */
  readonly step: number;
  /** Rows that it asked, and those that have its answer. */
  readonly rows: number;
  readonly ok: number;
  readonly usage: Usage;
  readonly models: readonly ModelUsage[];
}

/** Rows that are not ok for one reason, with the first of them as the example; without a code: what is beyond the first 20. */
export interface ErrorCount {
  readonly outcome?: Exclude<Outcome, 'ok'>;
  readonly code?: string;
  readonly rows: number;
  /** Absent where all rows of a shard got the same error because the shard stopped. */
  readonly custom_id?: string;
  readonly message?: string;
}
