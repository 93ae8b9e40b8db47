import type { ProviderSettings } from '../provider/batch-provider.ts';

/**
 * A profile with every default filled in. `profiles/profile-schema.ts` documents each field for users;
 * `config/resolve-profile.ts` sets the defaults.
 */
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
  /** How input files are read; absent settings are detected. */
  readonly table?: TableRules | undefined;
  /** Rejects the whole job if one row is invalid. */
  readonly strict: boolean;
  /** Most rounds a row may take part in. */
  readonly rounds: number;
  /** Wait before round 2, in seconds; doubles with each further round. */
  readonly retryWaitSeconds: number;
  /** Rows of an expired batch, and rows without rounds left, are sent direct. */
  readonly late?: 'direct' | undefined;
  /** Jobs with at most this many rows to send are sent direct. */
  readonly directUpTo?: number | undefined;
  /** Further steps of a ladder, for rows that are not ok after the step before. */
  readonly then?: readonly LadderStep[] | undefined;
  /** Row error codes that are retried in another round, in addition to the built-in ones. */
  readonly retriableCodes: readonly string[];
  readonly completionWindow: string;
  readonly shardLimits: ShardLimits;
  /** Bytes of a slice of a large input. If absent, a slice has 1 GiB on AWS, and one machine builds every input in one pass. */
  readonly sliceBytes?: number | undefined;
  readonly polling: PollLimits;
  /** `compact`: the text, embedding or body, depending on the endpoint; `body`: the provider's whole body everywhere. */
  readonly resultShape: 'compact' | 'body';
  readonly budget: Budget;
  /** The schema that answers must match; absent if answers are plain text. */
  readonly output?: OutputRules | undefined;
  /** Highest share of rows that are not ok; above it no further shard is started. */
  readonly maxBad?: number | undefined;
  /** Rows that are sent before all others, and the condition for sending the others. */
  readonly pilot?: PilotRules | undefined;
  /** For estimates, and for budgets in money. */
  readonly price?: Price | undefined;
  /** Formats of the tables of input and answers that are written beside the results. */
  readonly also?: readonly AlsoFormat[] | undefined;
  /** Keeps the files at the provider after their results are stored. */
  readonly keepProviderFiles: boolean;
  /**
   * Rows whose requests differ only in the id are sent once: all such rows, or only those without a temperature above 0. If
   * absent, each row is sent, as in jobs of earlier versions.
   */
  readonly dedupe?: 'always' | 'without temperature' | undefined;
  /**
   * Reuses answers of the profile's earlier jobs for this many days after they were written. If absent, none are reused and none
   * are indexed.
   */
  readonly reuse?: { readonly days: number } | 'always' | undefined;
  /** Most batches of all jobs at this provider at the same time; absent if no limit is configured. */
  readonly maxBatches?: number | undefined;
  /** Most input tokens of a model's queued and running batches, for every model or by model; absent if unknown. */
  readonly enqueuedTokens?: number | Readonly<Record<string, number>> | undefined;
}

/** The size of a pilot, and the rules by which it decides. */
export interface PilotRules {
  readonly rows: number;
  /** Highest share of its rows that may be not ok; above it nothing else is sent. */
  readonly maxBad?: number | undefined;
  /** A person must approve the pilot within this many days. */
  readonly approvalDays?: number | undefined;
}

/** A later step of the ladder. Absent fields have the values of the step before. */
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
  /** Parameters that differ from those of the first step; null removes one. */
  readonly body: Readonly<Record<string, unknown>>;
  /** No step so far names a model: rows that name their own keep it. */
  readonly keepsModel?: true | undefined;
  /** Rows are sent to the realtime endpoint. */
  readonly direct?: true | undefined;
  /**
   * Which rows go up to this step: outcomes, ends of answers, expired batches and failures of the step before, and error codes of
   * rows.
   */
  readonly for: readonly string[];
}

/** How to read input files, where detection is not enough. */
export interface TableRules {
  /** One character. */
  readonly delimiter?: string | undefined;
  /** A name of the WHATWG Encoding Standard. */
  readonly encoding?: string | undefined;
  /** True if quotes may enclose cells; false if they are ordinary characters. */
  readonly quotes?: boolean | undefined;
  /** The column (or field) that is a row's id. */
  readonly id?: string | undefined;
  /** Name of the workbook's sheet to read; absent means the first one. */
  readonly sheet?: string | undefined;
}

export interface OutputRules {
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Sends rows whose answer does not match again in a later round. */
  readonly retry: boolean;
}

/** Price of a million tokens. */
export interface TokenPrice {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
}

/** The provider's price of a million tokens. */
export interface Price extends TokenPrice {
  /** ISO 4217. */
  readonly currency: string;
  /** Prices of models that differ, by model name. */
  readonly models?: Readonly<Record<string, TokenPrice>> | undefined;
}

/** Most that a job may cost. A job that may exceed it is rejected before any upload. */
export interface Budget {
  readonly maxRows?: number | undefined;
  /** Compared with the plan's estimate of its input tokens. */
  readonly maxInputTokens?: number | undefined;
  /** Limits in the currency of the price: for this job, and for all jobs of the profile in one month. */
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
  /** Longest wait as a fraction of the batch's age; three times as long while its counters show its pace. */
  readonly fraction: number;
  /** How long after its completion window a batch may still run before it is cancelled, in seconds. */
  readonly graceSeconds: number;
}

export type AlsoFormat = 'csv' | 'parquet';
