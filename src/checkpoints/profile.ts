import type { ProviderSettings } from '../provider/batch-provider.ts';

/** A profile with every default filled in. `config.ts` documents each field for users and sets the defaults. */
export interface ResolvedProfile {
  readonly name: string;
  readonly provider: ProviderSettings;
  /** Path of the target endpoint: `/v1/chat/completions`, `/v1/embeddings`, … */
  readonly endpoint: string;
  readonly model?: string | undefined;
  /** Body parameters for rows that do not set them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Templates over a row's fields: `{{column}}`. */
  readonly system?: string | undefined;
  readonly prompt?: string | undefined;
  /** How input files are read; what is absent is recognised. */
  readonly table?: TableRules | undefined;
  /** Refuse the whole job when one row is invalid. */
  readonly strict: boolean;
  /** Most rounds a row may take part in. */
  readonly rounds: number;
  /** Wait before round 2, in seconds; doubles with every further round. */
  readonly retryWaitSeconds: number;
  /** Rows of an expired batch, or without rounds left, are sent direct. */
  readonly late?: 'direct' | undefined;
  /** Jobs with at most so many rows to send go direct. */
  readonly directUpTo?: number | undefined;
  /** Further steps for rows that are left after this one. */
  readonly then?: readonly LadderStep[] | undefined;
  /** Row error codes that are retried in another round, in addition to the built-in ones. */
  readonly retriableCodes: readonly string[];
  readonly completionWindow: string;
  readonly shardLimits: ShardLimits;
  readonly polling: PollLimits;
  /** `compact`: text, embedding or body as the endpoint has it; `body`: the provider's whole body everywhere. */
  readonly resultShape: 'compact' | 'body';
  readonly budget: Budget;
  /** What answers must match; absent when they are texts like any other. */
  readonly output?: OutputRules | undefined;
  /** The share of rows that are not ok above which no further shard is started. */
  readonly maxBad?: number | undefined;
  /** Rows that are sent before all others, and what has to hold before the others follow. */
  readonly pilot?: PilotRules | undefined;
  /** For estimates, and for budgets in money. */
  readonly price?: Price | undefined;
  /** Tables of the input and its answers that are written beside the results. */
  readonly also?: readonly AlsoFormat[] | undefined;
  /** Leave the files at the provider when their results are safe. */
  readonly keepProviderFiles: boolean;
  /**
   * Rows whose requests are the same but for the id are sent once: all of them, or those that set no temperature above 0. Absent:
   * each row is sent, as in jobs of earlier versions.
   */
  readonly dedupe?: 'always' | 'without temperature' | undefined;
  /** Take answers of earlier jobs of the profile, for so many days after they were written; absent: none are taken, and none indexed. */
  readonly reuse?: { readonly days: number } | 'always' | undefined;
  /** Most batches of all jobs at this provider at the same time; absent for no limit of ours. */
  readonly maxBatches?: number | undefined;
  /** Most input tokens of a model's batches that are queued or running, for each model or by model; absent where it is not known. */
  readonly enqueuedTokens?: number | Readonly<Record<string, number>> | undefined;
}

/** What a pilot is, and what it decides. */
export interface PilotRules {
  readonly rows: number;
  /** The share of its rows that are not ok above which nothing else is sent. */
  readonly maxBad?: number | undefined;
  /** A person has to approve, within so many days. */
  readonly approvalDays?: number | undefined;
}

/** How rows that are left are asked further: what is another than in the step before. */
export interface LadderStep extends Pick<
  ResolvedProfile,
  | 'provider'
  | 'model'
  | 'rounds'
  | 'retryWaitSeconds'
  | 'completionWindow'
  | 'shardLimits'
  | 'polling'
  | 'price'
  | 'maxBatches'
  | 'enqueuedTokens'
> {
  /** Parameters that differ from the first step's; null takes one away. */
  readonly body: Readonly<Record<string, unknown>>;
  /** No step so far names a model: rows that name their own keep it. */
  readonly keepsModel?: true | undefined;
  /** Rows are sent to the realtime endpoint. */
  readonly direct?: true | undefined;
  /** What goes up to this step: outcomes, ends of answers, expired batches and failures of the step before, and codes of rows' errors. */
  readonly for: readonly string[];
}

/** What a profile says of its input files, where recognition is not enough. */
export interface TableRules {
  /** One character. */
  readonly delimiter?: string | undefined;
  /** A name of the WHATWG Encoding Standard. */
  readonly encoding?: string | undefined;
  /** Whether quotes hold cells together; false: they are characters like any other. */
  readonly quotes?: boolean | undefined;
  /** The column (or field) that is a row's id. */
  readonly id?: string | undefined;
  /** The sheet of a workbook that is read; the first one when it is absent. */
  readonly sheet?: string | undefined;
}

export interface OutputRules {
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Ask again, in a later round, rows whose answer does not match. */
  readonly retry: boolean;
}

/** What a million tokens cost. */
export interface TokenPrice {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
}

/** What the provider takes for a million tokens. */
export interface Price extends TokenPrice {
  /** ISO 4217. */
  readonly currency: string;
  /** Of models that cost something else, by their names. */
  readonly models?: Readonly<Record<string, TokenPrice>> | undefined;
}

/** What a job may cost at most; beyond it the job is refused before anything is uploaded. */
export interface Budget {
  readonly maxRows?: number | undefined;
  /** Estimated: a quarter of the request lines' bytes. */
  readonly maxInputTokens?: number | undefined;
  /** Money, in the currency of the price: of this job, and of all jobs of the profile in a month. */
  readonly max?: number | undefined;
  readonly maxPerMonth?: number | undefined;
  readonly currency?: string | undefined;
}

export interface ShardLimits {
  /** Most UTF-8 bytes in one uploaded file, newlines included. */
  readonly maxBytes: number;
  /** Most request lines in one uploaded file. */
  readonly maxRows: number;
  /** Most texts to embed in one uploaded file; only some providers limit them. */
  readonly maxInputs?: number | undefined;
}

export interface PollLimits {
  /** Shortest and longest wait between two polls, in seconds. */
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** Wait at most this fraction of the batch's age, and three times as long while its counters show its pace. */
  readonly fraction: number;
  /** How long after its completion window a batch may still run before it is cancelled, in seconds. */
  readonly graceSeconds: number;
}

export type AlsoFormat = 'csv' | 'parquet';
