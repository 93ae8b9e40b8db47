import type { Failure } from './errors.ts';
import type { ProviderSettings } from './provider/batch-provider.ts';

/** `job.json`: one request, resolved against its profile. Everything later steps need to know; no secrets. */
export interface Job {
  readonly jobId: string;
  readonly inputs: readonly InputRef[];
  readonly profile: ResolvedProfile;
  /** When the job was asked for, ISO 8601. */
  readonly createdAt: string;
  /** Of the request as the API took it; absent for other doors. */
  readonly requestHash?: string;
  /** The API's caller who asked for it; absent for other doors. */
  readonly owner?: string;
  /** Files below the request's prefix that are not its inputs; absent when there are none. */
  readonly skipped?: SkippedFiles;
  /** The schedule whose prefix the inputs were claimed below. */
  readonly schedule?: string;
}

/** Files below a prefix that were left out: of no known format, or empty. */
export interface SkippedFiles {
  readonly count: number;
  /** The first {@link MAX_LISTED_SKIPPED} keys. */
  readonly keys: readonly string[];
}

export const MAX_LISTED_SKIPPED = 100;

export interface InputRef {
  readonly key: string;
  /** S3 version id of the very object that was dropped; absent for stores without versions. */
  readonly version?: string | undefined;
  /** Where there are no versions: what the file was when its job was started. Another one is not read in its place. */
  readonly etag?: string | undefined;
}

/** How an input file was read: what was recognised, and what was left out. */
export interface InputReading {
  /** The extension that says the format, such as `.csv`. */
  readonly format: string;
  /** A name of the WHATWG Encoding Standard. */
  readonly encoding: string;
  /** Tables only: what separates the cells, and the first named columns. */
  readonly delimiter?: string;
  readonly columns?: readonly string[];
  /** Columns without a name. */
  readonly ignoredColumns?: number;
  /** Rows without any value: they are not rows of the job. */
  readonly emptyRows?: number;
  /** Sentences for people about what is not the plain default. */
  readonly notices: readonly string[];
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
}

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
  /** Rows of an expired batch, or without rounds left, are sent row by row. */
  readonly late?: 'direct' | undefined;
  /** Jobs that send at most so many rows send them row by row. */
  readonly directUpTo?: number | undefined;
  /** Row error codes worth another round, beside the built-in ones. */
  readonly retriableCodes: readonly string[];
  readonly completionWindow: string;
  readonly shardLimits: ShardLimits;
  readonly polling: PollLimits;
  /** `compact`: text, embedding or body as the endpoint has it; `body`: the provider's whole body everywhere. */
  readonly resultShape: 'compact' | 'body';
  readonly budget: Budget;
  /** What answers must match; absent when they are texts like any other. */
  readonly output?: OutputRules | undefined;
  /** For estimates; nothing is decided by it. */
  readonly price?: Price | undefined;
  /** Leave the files at the provider when their results are safe. */
  readonly keepProviderFiles: boolean;
  /** Most batches of all jobs at this provider at the same time; absent for no limit of ours. */
  readonly maxBatches?: number | undefined;
}

export interface OutputRules {
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Ask again, in a later round, rows whose answer does not match. */
  readonly retry: boolean;
}

/** What the provider takes for a million tokens. */
export interface Price {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  /** ISO 4217. */
  readonly currency: string;
}

/** What a job may cost at most; beyond it the job is refused before anything is uploaded. */
export interface Budget {
  readonly maxRows?: number | undefined;
  /** Estimated: a quarter of the request lines' bytes. */
  readonly maxInputTokens?: number | undefined;
}

export interface ShardLimits {
  /** Most UTF-8 bytes in one uploaded file, newlines included. */
  readonly maxBytes: number;
  /** Most request lines in one uploaded file. */
  readonly maxRows: number;
  /** Most texts to embed in one uploaded file, where the provider counts them. */
  readonly maxInputs?: number | undefined;
}

export interface PollLimits {
  /** Shortest and longest wait between two polls, in seconds. */
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** Wait at most this fraction of the batch's age. */
  readonly fraction: number;
  /** How long after its completion window a batch may still run before it is cancelled, in seconds. */
  readonly graceSeconds: number;
}

/** `plan.json`: what Build decided. */
export interface Plan {
  /** Input rows, valid and invalid. */
  readonly rows: number;
  readonly invalid: number;
  /** Estimated: a quarter of the request lines' bytes. */
  readonly inputTokens: number;
  /** How each input file was read; absent in plans of version 0.1. */
  readonly inputs?: readonly (InputRef & InputReading)[];
  readonly shards: readonly ShardPlan[];
  /** The first {@link MAX_LISTED_PROBLEMS} invalid rows. All of them are in the results. */
  readonly problems: readonly RowProblem[];
  /** Why nothing of this plan may be sent: no valid row, an invalid one in a strict job, over budget. */
  readonly failure?: Failure | undefined;
}

export const MAX_LISTED_PROBLEMS = 100;

export interface ShardPlan {
  /** Input rows this shard answers for, in input order after those of the shard before it. */
  readonly rows: number;
  readonly invalid: number;
  /** Request lines in `round-1.requests.jsonl` (rows - invalid) and their bytes. */
  readonly requests: number;
  readonly bytes: number;
}

export interface RowProblem {
  /** 1-based line (or ordinal, where the format has no lines) in the input file. */
  readonly line: number;
  readonly custom_id: string;
  readonly code: RowProblemCode;
  readonly message: string;
}

export type RowProblemCode =
  | 'INVALID_JSON'
  | 'WRONG_COLUMNS'
  | 'MISSING_COLUMN'
  | 'INVALID_UTF8'
  | 'INVALID_TEXT'
  | 'NOT_AN_OBJECT'
  | 'INVALID_CUSTOM_ID'
  | 'DUPLICATE_CUSTOM_ID'
  | 'NO_PROMPT'
  | 'UNKNOWN_FIELD'
  | 'INVALID_BODY'
  | 'MISSING_MODEL'
  | 'WRONG_ENDPOINT'
  | 'WRONG_METHOD'
  | 'STREAM_NOT_SUPPORTED'
  | 'ROW_TOO_LARGE'
  | 'OTHER_MODEL';

/** What became of one row. */
export type Outcome = 'ok' | 'failed' | 'exhausted' | 'invalid_output' | 'invalid';

/** A line of `results.jsonl`. Unknown fields of the provider's body are kept in `body`. */
export type ResultLine = OkLine | NotOkLine;

export interface OkLine {
  readonly custom_id: string;
  readonly ok: true;
  /** The first choice's content, or the texts of a response. */
  readonly text?: string | null;
  readonly finish_reason?: string | null;
  /** Why the model would not answer, in its words. */
  readonly refusal?: string;
  /** In jobs whose profile has an `output`, in place of `text`: the answer as JSON that matches its schema. */
  readonly output?: unknown;
  /** Embeddings: one vector (or its base64), or one per input when the input was an array. */
  readonly embedding?: unknown;
  readonly embeddings?: readonly unknown[];
  /** Rerank: the documents' places and scores, in the provider's order. */
  readonly ranking?: readonly unknown[];
  /** Images, speech: files beside `results.jsonl`, such as `files/q1.png`. */
  readonly files?: readonly string[];
  readonly body?: unknown;
  readonly model?: string;
  readonly usage?: unknown;
  readonly round: number;
  readonly source?: RowSource;
}

/** Where a row came from; told in jobs of several inputs. */
export interface RowSource {
  readonly file: string;
  /** 1-based line, or ordinal where the format has no lines. */
  readonly line: number;
}

export interface NotOkLine {
  readonly custom_id: string;
  readonly ok: false;
  readonly outcome: Exclude<Outcome, 'ok'>;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly line?: number;
    /** Of `invalid_output`: the place that does not match, as a JSON pointer. */
    readonly path?: string;
  };
  /** Of `invalid_output`: the answer all the same, for it is paid for. */
  readonly text?: string | null;
  readonly finish_reason?: string | null;
  readonly refusal?: string;
  readonly model?: string;
  readonly usage?: unknown;
  readonly body?: unknown;
  /** Whether sending the row again later may help. */
  readonly retry: boolean;
  /** The last round the row took part in; 0 when it was never sent. */
  readonly round: number;
  readonly source?: RowSource;
}

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

/** What one model answered; without a name: answers that named none, and models beyond the first 20. */
export interface ModelUsage extends Usage {
  readonly model?: string;
  readonly answers: number;
  /** Answers that ended because their tokens were used up, and those that the model refused. */
  readonly truncated: number;
  readonly refused: number;
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

/** `shards/<n>/progress.json`: what the last poll saw. For people: nothing is decided by it. */
export interface Progress {
  readonly round: number;
  /** Absent while rows are sent one by one. */
  readonly batchId?: string;
  /** The provider's string, verbatim; `direct` where there is no batch. */
  readonly status: string;
  readonly succeeded?: number | undefined;
  readonly total?: number | undefined;
  /** ISO 8601. */
  readonly polledAt: string;
  readonly nextPollAt: string;
}

/** One batch as it is told in `collected.json` and `summary.json`. */
export interface BatchRecord {
  readonly shard: number;
  readonly round: number;
  readonly batchId: string | undefined;
  /** The provider's last status, verbatim; `direct` where the rows were sent one by one, without a batch. */
  readonly status: string | undefined;
  readonly requests: number;
  /** When it was created, ISO 8601; absent when it was not. */
  readonly createdAt?: string | undefined;
  /** From then until it was collected. */
  readonly seconds: number | undefined;
}

/** A result line of the provider's that cannot be read. */
export interface UnreadableLine {
  readonly file: 'output' | 'errors';
  /** 1-based. */
  readonly line: number;
  /** How it begins. */
  readonly excerpt: string;
}

/** A batch that a shard left as it is when it stopped: a resume goes on with it. */
export interface OpenBatch {
  readonly shard: number;
  readonly round: number;
  /** Absent when the answer to its create was lost: whether it exists is not known. */
  readonly batchId?: string;
  /** Then: batches that may be its own, at a provider whose batches do not show what they were created from. */
  readonly candidates?: readonly string[];
  /** The provider's last status, verbatim; absent when no poll saw the batch. */
  readonly status?: string;
  readonly createdAt?: string;
  /** Ids of its files at the provider, as far as they are known. */
  readonly files: {
    readonly input?: string | undefined;
    readonly output?: string | undefined;
    readonly errors?: string | undefined;
  };
  /** Why it was left. */
  readonly error: Pick<Failure, 'code' | 'message'>;
  /** What a resume does with it. */
  readonly onResume: string;
}

/** `round-<r>.collected.json`: what one round of one shard came to. */
export interface Collected {
  readonly round: number;
  readonly requests: number;
  /** Rows with their final outcome in this round. */
  readonly ok: number;
  readonly failed: number;
  readonly exhausted: number;
  /** Absent in checkpoints of version 0.1 and before. */
  readonly invalid_output?: number;
  /** Rows that go to the next round. */
  readonly deferred: number;
  /** Rows absent from output and error file. */
  readonly missing: number;
  readonly duplicates: number;
  /** Result lines that no request explains: a count, and the first custom_ids. */
  readonly unknown: number;
  readonly unknownIds: readonly string[];
  /** Result lines that are no JSON object with a custom_id. */
  readonly unreadable: number;
  /** The first of them. */
  readonly unreadableLines?: readonly UnreadableLine[];
  /** Rows whose result line came back under a changed custom_id. */
  readonly changedIds?: number;
  /** Rows that the next round asks again because their result lines cannot be read or belong to no row. */
  readonly paidTwice?: number;
  readonly usage: Usage;
  readonly models?: readonly ModelUsage[];
  /** Of the rows with their final outcome in this round. */
  readonly errors?: readonly ErrorCount[];
  readonly batch: BatchRecord;
  /** `retry`: round + 1 has its requests; `done`: the shard is finished; `stop`: the account was denied. */
  readonly next: 'retry' | 'done' | 'stop';
  /** Set with `next: 'stop'`, and when the round failed as a whole. */
  readonly failure?: Failure | undefined;
  /** The provider took no larger file: most bytes of the files of the rounds after this one. */
  readonly maxUploadBytes?: number | undefined;
  /** The provider failed a file and did not name the row: the search for it. */
  readonly halving?: Halving | undefined;
  /** Ids of files at the provider that could not be deleted. */
  readonly left?: readonly string[];
  /** The provider may have another batch of the same rows, of this round or one before it. */
  readonly doubt?: true;
  /** How the next round is sent, when not as a batch. */
  readonly sendNext?: 'direct' | undefined;
  /** Last round this shard may run; grows when a round cost nothing (stopped, or failed validation with lines named). */
  readonly lastRound: number;
}

/** The search for the rows that make a provider fail a whole file without naming them. */
export interface Halving {
  /** Requests at the front of the next round among which is one that makes the file fail; 0: none is known of. */
  readonly suspects: number;
  /** Files that failed so far. */
  readonly failed: number;
  /** Rows that failed by themselves, and whether any part was answered: without one, the next row may fail as well. */
  readonly guilty: number;
  readonly answered: boolean;
}

/** `shards/<n>/done.json` and, with a failure, `stopped.json`. */
export interface ShardEnd {
  readonly counts: OutcomeCounts;
  readonly rounds: number;
  readonly usage: Usage;
  readonly models?: readonly ModelUsage[];
  readonly errors?: readonly ErrorCount[];
  readonly batches: readonly BatchRecord[];
  /** Everything reconciliation could not explain, over all rounds. */
  readonly missing: number;
  readonly duplicates: number;
  readonly unknown: number;
  readonly unknownIds: readonly string[];
  readonly unreadable: number;
  readonly unreadableLines?: readonly UnreadableLine[];
  readonly changedIds?: number;
  readonly paidTwice?: number;
  /** Ids of files at the provider that could not be deleted, and of those of an open batch. */
  readonly left: readonly string[];
  /** The batch that the shard left as it is. */
  readonly open?: OpenBatch | undefined;
  /** Second batches of the same rows that still ran when the shard came to its end. */
  readonly twins?: readonly OpenBatch[];
  readonly failure?: Failure | undefined;
}

/** `output/<jobId>/summary.json`, written last. */
export interface Summary {
  readonly jobId: string;
  /**
   * `succeeded`: every row ok; `partial`: finished with dead letters; `failed`: ended before every row was settled;
   * `cancelled`: ended so because somebody wanted it to; `empty`: a scheduled run that found nothing new.
   */
  readonly status: 'succeeded' | 'partial' | 'failed' | 'cancelled' | 'empty';
  readonly profile: string;
  /** Absent when the job was not started. */
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly endpoint: string | undefined;
  /** The input files, and how each was read. */
  readonly inputs: readonly (InputRef & Partial<InputReading>)[];
  /** Files below the prefix that were left out; absent when there are none. */
  readonly skipped?: SkippedFiles;
  /** Input rows; `counts` sums to it. */
  readonly rows: number;
  readonly counts: OutcomeCounts;
  readonly shards: number;
  /** Most rounds any shard took. */
  readonly rounds: number;
  /** Rows that the realtime endpoint answered; absent when there are none. */
  readonly sentDirect?: number;
  readonly usage: Usage;
  /** The usage, by the model that answered. */
  readonly models: readonly ModelUsage[];
  /** Of all answers, those of rows that were asked again included. */
  readonly truncated: number;
  readonly refused: number;
  /** Rows that were sent and are not ok, by outcome and code. Invalid rows are under `problems`. */
  readonly errors: readonly ErrorCount[];
  readonly unexplained: {
    readonly missing: number;
    readonly duplicates: number;
    readonly unknown: number;
    readonly unknownIds: readonly string[];
    readonly unreadable: number;
    /** Rows whose result line came back under a changed custom_id; absent when there are none, as the next one. */
    readonly changedIds?: number;
    /** Rows that were paid for twice because their first result line could not be read or belonged to no row. */
    readonly paidTwice?: number;
  };
  /** The first result lines that cannot be read; absent when all can. */
  readonly unreadableLines?: readonly UnreadableLine[];
  readonly batches: readonly BatchRecord[];
  /** Batches that the job left as they are when it failed or was cancelled. Absent in summaries of version 0.1. */
  readonly open?: readonly OpenBatch[];
  /** Ids of files that are left at the provider; names, where it would not list them. */
  readonly left: readonly string[];
  /** The first invalid rows, with line and reason. */
  readonly problems: readonly RowProblem[];
  /** Keys of the files beside this one; no dead letters key when every row is ok. */
  readonly results: string | undefined;
  readonly deadLetters: string | undefined;
  /** Key of the page for people; absent when it could not be written. */
  readonly report?: string | undefined;
  readonly failure?: Failure | undefined;
  /** What to do next when the job failed. */
  readonly advice?: string | undefined;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly seconds: number;
}
